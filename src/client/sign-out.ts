import type { StoredRecord } from '../contracts.ts'
import { revokeToken } from '../core/revoke.ts'
import { isOAuthError, OAuthError } from '../errors.ts'
import { sameTokens } from '../lifecycle/outcome.ts'
import type { Session } from '../lifecycle/session.ts'
import type { SignOutResult } from './client.ts'
import type { Connection } from './connection.ts'

/**
 * Removes the record, then asks the server to revoke what it held. The answer of the server changes
 * nothing here.
 *
 * Errors: those of a store that cannot be written.
 */
export async function signOut(session: Session, connection: Connection, revoke: boolean): Promise<SignOutResult> {
  const removed = await session.end()
  if (!revoke || removed === undefined) return { revocation: 'skipped' }
  try {
    await revokeRecord(connection, removed)
    return { revocation: 'done' }
  } catch (error) {
    return { revocation: isOAuthError(error) && error.code === 'unsupported' ? 'unsupported' : 'failed' }
  }
}

/**
 * Revokes a record's tokens, the refresh token first: with it the server can make new access tokens.
 *
 * Errors: `unsupported` where there is no revocation endpoint, and those of the request.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7009#section-2.1 RFC 7009, section 2.1}
 */
export async function revokeRecord(connection: Connection, record: StoredRecord): Promise<void> {
  const parties = await connection.parties(record)
  if (parties.server.revocation_endpoint === undefined) {
    throw new OAuthError('unsupported', { what: 'the server has no revocation endpoint.' })
  }
  const { refreshToken, accessToken } = record.tokens
  if (refreshToken !== undefined) await revokeToken(parties, { token: refreshToken, hint: 'refresh_token' })
  await revokeToken(parties, { token: accessToken, hint: 'access_token' }).catch((error: unknown) => {
    // Some servers revoke refresh tokens only, and with them all that came of them.
    if (refreshToken === undefined || !unsupportedType(error)) throw error
  })
}

function unsupportedType(error: unknown): boolean {
  return isOAuthError(error) && error.code === 'authorization_failed' && error.detail.error === 'unsupported_token_type'
}

/**
 * Revokes what is stored, then removes it; what could not be revoked stays.
 *
 * Errors: `sign_in_required` where nobody is signed in, and those of `revokeRecord` and the store.
 */
export async function revokeAll(session: Session, connection: Connection): Promise<void> {
  const record = await session.reload()
  if (record === undefined) throw new OAuthError('sign_in_required', { reason: 'absent' })
  await revokeRecord(connection, record)
  const last = (await session.end()) ?? record
  // Somebody may have signed in meanwhile, and nobody could revoke those tokens any more.
  if (!sameTokens(last, record)) await revokeRecord(connection, last)
}
