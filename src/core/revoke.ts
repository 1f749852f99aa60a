import { revocationRequest } from 'oauth4webapi'

import { call } from './call.ts'
import type { Parties } from './call.ts'
import { wire } from './wire.ts'

/** One token to be revoked. */
export interface RevocationRequest {
  readonly token: string
  readonly hint: 'refresh_token' | 'access_token'
  readonly signal?: AbortSignal
}

/**
 * Asks the server to revoke a token. A token that it does not know counts as revoked.
 *
 * Errors: `unsupported` when the server has no revocation endpoint, `server_error` when the token is
 * still good because the server is in trouble (see `retryAt`), and those of any request.
 *
 * @example
 * ```ts
 * await revokeToken(parties, { token: refreshToken, hint: 'refresh_token' })
 * ```
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7009#section-2 RFC 7009, section 2}
 */
export async function revokeToken(parties: Parties, { token, hint, signal }: RevocationRequest): Promise<void> {
  const { server, client, auth } = wire(parties)
  const additionalParameters = { token_type_hint: hint }
  // RFC 7009 §2.2: "The content of the response body is ignored by the client".
  await call(parties, { endpoint: 'revocation', signal }, (options) =>
    revocationRequest(server, client, auth, token, { ...options, additionalParameters }),
  )
}
