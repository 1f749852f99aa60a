import { empty } from './answers.ts'
import { authenticateClient } from './client-authentication.ts'
import type { Call, Context } from './context.ts'
import type { RefreshToken } from './ledger.ts'
import { refuse } from './refusal.ts'

/**
 * The revocation endpoint. A refresh token takes its whole family along; an unknown token is no error.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7009#section-2 RFC 7009, section 2}
 */
export async function revocationEndpoint(context: Context, call: Call): Promise<Response> {
  const client = await authenticateClient(context, call)
  const value = call.params.get('token')
  if (value === null) return refuse('invalid_request', 'token is missing.')
  const refreshToken = context.ledger.refreshTokens.get(value)
  const accessToken = context.ledger.accessTokens.get(value)
  const owner = refreshToken?.family.clientId ?? accessToken?.clientId ?? client.clientId
  if (owner !== client.clientId) refuse('invalid_grant', 'The token is another client’s.')
  if (refreshToken !== undefined) revokeFamily(call, refreshToken)
  if (accessToken !== undefined) accessToken.revoked = true
  call.entry.committed = true
  return empty()
}

function revokeFamily({ entry }: Call, { family, generation, id }: RefreshToken): void {
  family.revoked = true
  Object.assign(entry, { refreshTokenId: id, generation, family: family.id, subject: family.user.sub })
}
