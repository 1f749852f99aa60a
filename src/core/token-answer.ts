import type { Account, Provider, TokenSet } from '../contracts.ts'
import { OAuthError } from '../errors.ts'
import type { Answer, Parties } from './call.ts'
import { jsonMembers } from './json.ts'
import type { JsonMembers } from './json.ts'

/** What a token endpoint gave. */
export interface Grant {
  readonly tokens: TokenSet
  readonly account?: Account
}

/** The members of `answer`, its text being a JSON object. */
export function tokenMembers(answer: Answer): JsonMembers {
  const members = jsonMembers(answer.text)
  if (members !== undefined) return members
  throw invalid(answer, 'it is not a JSON object.')
}

/** Which token types a request may be answered with. */
export interface Expected {
  /** Whose request it was: one that carried a DPoP proof is answered with a token of that type. */
  readonly parties: Pick<Parties, 'proof' | 'provider'>
  /** The scopes asked for: RFC 6749 §5.1 lets a server leave out `scope` when it grants just these. */
  readonly scopes?: readonly string[]
  /** The tokens that are being replaced. */
  readonly previous?: TokenSet
}

/** The last instant that `Date` knows. */
const latest = 8.64e15

/**
 * Reads a token answer, in which `null` and an empty refresh token are nothing.
 *
 * A refresh need not bring a new refresh token; the one that was sent then stays (RFC 6749 §6).
 * `expires_in` counts from when the request was sent, so that a slow answer never lengthens a life.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-5.1 RFC 6749, section 5.1}
 */
export function readTokens(answer: Answer, members: JsonMembers, { parties, scopes, previous }: Expected): TokenSet {
  const accessToken = members['access_token']
  // Looked at here because the native error about an illegal header value would repeat the value.
  if (!isText(accessToken, /^[\x21-\x7e]+$/)) throw invalid(answer, 'its access token cannot stand in a header.')
  const bound = parties.proof !== undefined
  const reason = defect(answer, members, bound)
  if (reason !== undefined) throw invalid(answer, reason)
  const refreshToken = refreshTokenOf(members) ?? previous?.refreshToken
  const granted = scopesOf(members, parties.provider) ?? previous?.scopes ?? scopes
  const seconds = secondsOf(members)
  return {
    accessToken,
    tokenType: bound ? 'DPoP' : 'Bearer',
    ...(refreshToken !== undefined && { refreshToken }),
    ...(granted !== undefined && { scopes: granted }),
    obtainedAt: answer.sentAt,
    ...(seconds !== undefined && { expiresAt: Math.min(answer.sentAt + seconds * 1000, latest) }),
  }
}

/** What makes an answer useless, if anything does. */
function defect({ response }: Answer, members: JsonMembers, bound: boolean): string | undefined {
  const { token_type: type, refresh_token: refresh, scope } = members
  if (response.status !== 200) return 'its status is not 200.'
  if (bound && !isText(type, /^dpop$/i)) return 'the token is not bound to our key (token_type).'
  if (!bound && !isText(type, /^bearer$/i)) return 'its token_type is not Bearer.'
  // One that cannot be kept must not pass for none: the old one would be shown again.
  if (!isNothing(refresh) && refreshTokenOf(members) === undefined) return 'its refresh token cannot be sent back.'
  if (!isNothing(scope) && typeof scope !== 'string') return 'its scope is not a string.'
  return Number.isFinite(secondsOf(members) ?? 0) ? undefined : 'its expires_in is not a number of seconds.'
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null || value === ''
}

function scopesOf({ scope }: JsonMembers, { scopeSeparator = ' ' }: Provider): readonly string[] | undefined {
  if (typeof scope !== 'string') return undefined
  return scope
    .replaceAll(scopeSeparator, ' ')
    .split(' ')
    .filter((word) => word !== '')
}

/** `NaN` for what is no time. */
function secondsOf({ expires_in: value }: JsonMembers): number | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'number') return value < 0 ? Number.NaN : value
  return isText(value, /^\d{1,15}(\.\d+)?$/) ? Number(value) : Number.NaN
}

/** Puts together what an answer gave. */
export function grant(tokens: TokenSet, idToken: string | undefined, account: Account | undefined): Grant {
  return {
    tokens: idToken === undefined ? tokens : { ...tokens, idToken },
    ...(account !== undefined && { account }),
  }
}

/** The refresh token in an answer, if there is one that can be sent back. */
export function refreshTokenOf(members: JsonMembers): string | undefined {
  const value = members['refresh_token']
  return isText(value, /^[\x20-\x7e]+$/) ? value : undefined
}

function isText(value: unknown, pattern: RegExp): value is string {
  return typeof value === 'string' && pattern.test(value)
}

function invalid(answer: Answer, reason: string): OAuthError {
  return new OAuthError('invalid_response', { endpoint: 'token', reason, status: answer.response.status })
}
