import type { TokenSet } from '../contracts.ts'
import { loaded } from '../core/loaded.ts'
import type { JsonMembers } from '../core/json.ts'
import { isOAuthError, OAuthError } from '../errors.ts'
import type { Session } from '../lifecycle/session.ts'
import type { Connection } from './connection.ts'
import { now } from './token-access.ts'

/**
 * Asks who signed in, with a token that is good now, and once more with another after a 401.
 *
 * Errors: `unsupported` where the server has no such endpoint, and those of the request and the token.
 */
export async function askUserInfo(connection: Connection, session: Session): Promise<JsonMembers> {
  const tokens = await session.getTokens(now)
  try {
    return await ask(connection, session, tokens)
  } catch (error) {
    if (!isOAuthError(error) || !('status' in error.detail) || error.detail.status !== 401) throw error
    return ask(connection, session, await session.getTokens({ ...now, refused: tokens.accessToken }))
  }
}

async function ask(connection: Connection, session: Session, tokens: TokenSet): Promise<JsonMembers> {
  const record = await session.reload()
  const parties = await connection.parties(record)
  if (parties.server.userinfo_endpoint === undefined) {
    throw new OAuthError('unsupported', { what: 'the server has no userinfo endpoint.' })
  }
  const { userInfo } = await loaded(import('../core/optional.ts'), parties.world)
  return userInfo(parties, { tokens, ...(record?.account !== undefined && { account: record.account }) })
}
