import { OAuthError } from '../errors.ts'
import type { Account } from '../contracts.ts'
import { jsonAnswer } from './answer.ts'
import type { Answer } from './answer.ts'
import type { SignedIn } from './clients.ts'
import type { Desk } from './desk.ts'
import type { Session } from './sessions.ts'
import type { Visit } from './visit.ts'

/** `GET session`: who is signed in. Never a token. */
export async function showSession(desk: Desk, visit: Visit): Promise<Answer> {
  const found = await lookUp(desk, visit, await desk.sessions.read(visit))
  if (found === undefined) return jsonAnswer(200, { signedIn: false })
  const { who, expiresAt } = found
  return jsonAnswer(200, {
    signedIn: true,
    ...(who !== undefined && { account: told(who) }),
    ...(expiresAt !== undefined && { expiresAt }),
  })
}

/** `GET token`, in mode `token-mediating` only: the access token, and nothing that could bring another. */
export async function giveToken(desk: Desk, visit: Visit): Promise<Answer> {
  const { account } = await requireSession(desk, visit, await desk.sessions.read(visit))
  const { accessToken, tokenType, scopes, expiresAt } = await desk.clients.open(account, visit.keep).getToken()
  const { scopes: asked } = desk.config
  // Who asks for nothing gets what the server thinks right (RFC 6749, section 3.3).
  if (asked.length > 0 && scopes?.some((scope) => !asked.includes(scope))) {
    throw new OAuthError('invalid_response', { endpoint: 'token', reason: 'more was granted than was asked for.' })
  }
  return jsonAnswer(200, {
    accessToken,
    tokenType,
    ...(scopes !== undefined && { scopes }),
    ...(expiresAt !== undefined && { expiresAt }),
  })
}

/** `POST logout`: ends the session here, then at the provider, as far as that can be done. */
export async function logout(desk: Desk, visit: Visit): Promise<Answer> {
  const session = await desk.sessions.read(visit)
  desk.sessions.end(visit)
  if (session === undefined) return jsonAnswer(200, { revocation: 'skipped' })
  const { revocation } = await desk.clients.open(session.account, visit.keep).signOut()
  return jsonAnswer(200, { revocation })
}

/**
 * A session, with who is signed in. Takes a session that is over from the browser; not one that nobody is in: its
 * cookie went with the sign-out, or with the next sign-in, and what the browser holds by now is not ours to take.
 */
async function lookUp(desk: Desk, visit: Visit, session: Session | undefined): Promise<Found | undefined> {
  if (session === undefined) return undefined
  const found = await desk.clients.look(session.account)
  if (found === 'over') desk.sessions.end(visit)
  return typeof found === 'object' ? { ...session, ...found } : undefined
}

type Found = Session & SignedIn

/** The session of a request that needs one, with who is signed in. */
export async function requireSession(desk: Desk, visit: Visit, session: Session | undefined): Promise<Found> {
  const found = await lookUp(desk, visit, session)
  if (found === undefined) throw new OAuthError('sign_in_required', { reason: 'absent' })
  return found
}

/** What a person may read of themselves, by name: a provider's row may have put more there. */
function told({ issuer, subject, name, email, accountId, organization }: Account): Partial<Account> {
  return JSON.parse(JSON.stringify({ issuer, subject, name, email, accountId, organization })) as Partial<Account>
}
