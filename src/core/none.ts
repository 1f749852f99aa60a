import type { ClientAuth } from '../contracts.ts'

/**
 * A public client: it has no secret, and PKCE is what binds its code to it. The default.
 *
 * @example
 * ```ts
 * const client = createClient({ provider, clientId: 'spa', clientAuth: none() })
 * ```
 */
export function none(): ClientAuth {
  return ({ clientId, body }) => body.set('client_id', clientId)
}
