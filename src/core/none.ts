import type { ClientAuth } from '../contracts.ts'

/** A public client: it has no secret, and PKCE is what binds its code to it. The default. */
export function none(): ClientAuth {
  return ({ clientId, body }) => body.set('client_id', clientId)
}
