import { None } from 'oauth4webapi'

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
  const auth = None()
  return ({ issuer, clientId, body, headers }) => auth({ issuer }, { client_id: clientId }, body, headers)
}
