import { empty } from '../answers.ts'
import { authenticateClient } from '../client-authentication.ts'
import type { Call, Context } from '../context.ts'
import { refuse } from '../refusal.ts'

/**
 * The revocation endpoint. A refresh token takes its whole family along; an unknown token is no error.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7009#section-2 RFC 7009, section 2}
 */
export async function revocationEndpoint(context: Context, call: Call): Promise<Response> {
  const client = await authenticateClient(context, call)
  const value = call.params.get('token')
  if (value === null) return refuse('invalid_request', 'token is missing.')
  const { accessTokens, refreshTokens } = context.ledger
  const refreshToken = refreshTokens.get(value)
  const accessToken = accessTokens.get(value)
  const owner = refreshToken?.family.clientId ?? accessToken?.clientId
  if (owner !== undefined && owner !== client.clientId) refuse('invalid_grant', 'The token is another client’s.')
  if (refreshToken !== undefined) {
    refreshToken.family.revoked = true
    call.entry.refreshTokenId = refreshToken.id
  }
  if (accessToken !== undefined) accessToken.revoked = true
  const family = refreshToken?.family ?? accessToken?.family
  if (family !== undefined) call.entry.family = family.id
  call.entry.committed = true
  return empty()
}
