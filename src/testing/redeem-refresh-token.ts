import type { Call, Context } from './context.ts'
import type { RefreshToken } from './ledger.ts'
import { refuse } from './refusal.ts'
import { judgeRefreshToken } from './rotation.ts'
import type { Granted } from './token-answer.ts'
import type { Presented } from './presented.ts'

/**
 * Redeems a refresh token by the rotation policy.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-6 RFC 6749, section 6}
 */
export function redeemRefreshToken(context: Context, call: Call, { client, jkt }: Presented): Granted {
  const { entry, params } = call
  const value = params.get('refresh_token')
  if (value === null) return refuse('invalid_request', 'refresh_token is missing.')
  const token = context.ledger.refreshTokens.get(value)
  if (token === undefined) return refuse('invalid_grant', 'The refresh token is unknown.')
  const { family, generation, id } = token
  Object.assign(entry, { refreshTokenId: id, generation, family: family.id, subject: family.user.sub })
  if (family.clientId !== client.clientId) return refuse('invalid_grant', 'The refresh token is another client’s.')
  if (family.jkt !== undefined && family.jkt !== jkt) return refuse('invalid_grant', 'The proof is of another key.')
  const scopes = narrowed(params, family.scopes)
  rotate(context, call, token)
  return { client, family, scopes, jkt, parent: token }
}

function rotate({ clock, settings }: Context, { entry }: Call, token: RefreshToken): void {
  const { family } = token
  const now = clock.now()
  const newest = Math.max(...family.refreshTokens.map(({ generation }) => generation))
  const verdict = judgeRefreshToken(token, {
    policy: settings.rotation,
    gracePeriod: settings.gracePeriod,
    newest,
    now,
  })
  if (verdict === 'reuse') {
    entry.reuse = true
    if (settings.revokeFamilyOnReuse) family.revoked = true
    refuse('invalid_grant', 'The refresh token was used before.')
  }
  if (family.revoked) refuse('invalid_grant', 'The session was ended.')
  if (token.expiresAt <= now) refuse('invalid_grant', 'The refresh token has expired.')
  if (verdict === 'repeat') entry.repeat = true
  token.firstUsedAt ??= now
  // Of `until-first-use`: only the one that was just used and the one it brings stay good.
  for (const other of family.refreshTokens) other.closed ||= other !== token
}

function narrowed(params: URLSearchParams, granted: readonly string[]): readonly string[] {
  const asked = params
    .get('scope')
    ?.split(' ')
    .filter((scope) => scope !== '')
  if (asked === undefined || asked.length === 0) return granted
  return asked.every((scope) => granted.includes(scope)) ? asked : refuse('invalid_scope', 'A scope was not granted.')
}
