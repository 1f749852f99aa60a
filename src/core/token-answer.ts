import type { Account, TokenSet } from '../contracts.ts'
import { OAuthError } from '../errors.ts'
import type { Answer, Parties } from './call.ts'
import { jsonMembers } from './json.ts'
import type { JsonMembers } from './json.ts'

/** What a token endpoint gave. */
export interface Grant {
  readonly tokens: TokenSet
  readonly account?: Account
}

/** The members of a token answer that we and oauth4webapi read. */
const known = ['access_token', 'token_type', 'expires_in', 'refresh_token', 'scope', 'id_token'] as const

/** The members of `answer`, its text being a JSON object. */
export function tokenMembers(answer: Answer): JsonMembers {
  const members = jsonMembers(answer.text)
  if (members !== undefined) return members
  throw invalid(answer, 'it is not a JSON object.')
}

/**
 * The same answer with only what we know in it, `null` and an empty refresh token being nothing, for
 * oauth4webapi to judge.
 */
export function knownMembers(answer: Answer, members: JsonMembers, options: { readonly idToken: boolean }): Response {
  const picked: Record<string, unknown> = {}
  for (const name of known) {
    const value = members[name]
    if (value === undefined || value === null) continue
    if (name === 'refresh_token' && value === '') continue
    if (name === 'id_token' && !options.idToken) continue
    picked[name] = value
  }
  // A response made anew, of a text made anew, would take longer than all that is looked at in it.
  return Object.assign(answer.response, { json: async () => picked })
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

/**
 * Reads a token answer that oauth4webapi found well-formed.
 *
 * A refresh need not bring a new refresh token; the one that was sent then stays (RFC 6749 §6).
 * `expires_in` counts from when the request was sent, so that a slow answer never lengthens a life.
 */
export function readTokens(answer: Answer, members: JsonMembers, expected: Expected): TokenSet {
  const { proof, provider } = expected.parties
  const accessToken = headerSafe(answer, members['access_token'])
  checkRefreshToken(answer, members['refresh_token'])
  const refreshToken = refreshTokenOf(members) ?? expected.previous?.refreshToken
  const scopes =
    typeof members['scope'] === 'string'
      ? words(members['scope'], provider.scopeSeparator)
      : (expected.previous?.scopes ?? expected.scopes)
  const lifetime = lifetimeOf(answer, members['expires_in'])
  return {
    accessToken,
    tokenType: tokenType(answer, members['token_type'], proof !== undefined),
    ...(refreshToken !== undefined && { refreshToken }),
    ...(scopes !== undefined && { scopes }),
    obtainedAt: answer.sentAt,
    ...(lifetime !== undefined && { expiresAt: Math.min(answer.sentAt + lifetime, latest) }),
  }
}

/** Puts together what an answer gave. */
export function withIdToken(tokens: TokenSet, idToken: string | undefined, account: Account | undefined): Grant {
  return {
    tokens: idToken === undefined ? tokens : { ...tokens, idToken },
    ...(account !== undefined && { account }),
  }
}

/** The last instant that `Date` knows. */
const latest = 8.64e15

/** The refresh token in an answer, if there is one that can be sent back. */
export function refreshTokenOf(members: JsonMembers): string | undefined {
  const value = members['refresh_token']
  return typeof value === 'string' && /^[\x20-\x7e]+$/.test(value) ? value : undefined
}

/** One that cannot be kept must not pass for none: the old one would be shown again. */
function checkRefreshToken(answer: Answer, value: unknown): void {
  if (typeof value !== 'string' || value === '' || /^[\x20-\x7e]+$/.test(value)) return
  throw invalid(answer, 'its refresh token is not made of visible ASCII characters.')
}

/**
 * The access token, where it can stand in a header. Checked here because the native error about an
 * illegal header value repeats the value, and with it the token.
 */
function headerSafe(answer: Answer, value: unknown): string {
  if (typeof value === 'string' && /^[\x21-\x7e]+$/.test(value)) return value
  throw invalid(answer, 'its access token cannot stand in a header.')
}

function tokenType(answer: Answer, value: unknown, proof: boolean): TokenSet['tokenType'] {
  const type = typeof value === 'string' ? value.toLowerCase() : ''
  if (type === 'dpop' && proof) return 'DPoP'
  if (type === 'bearer' && !proof) return 'Bearer'
  throw invalid(answer, proof ? 'the token is not bound to our key (token_type).' : 'its token_type is not Bearer.')
}

function lifetimeOf(answer: Answer, value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined
  const seconds = typeof value === 'string' && /^\d{1,15}(\.\d+)?$/.test(value) ? Number(value) : value
  // oauth4webapi has refused what is negative or without end.
  if (typeof seconds === 'number') return seconds * 1000
  throw invalid(answer, 'its expires_in is not a number of seconds.')
}

function words(text: string, separator = ' '): string[] {
  return text
    .replaceAll(separator, ' ')
    .split(' ')
    .filter((word) => word !== '')
}

function invalid(answer: Answer, reason: string): OAuthError {
  return new OAuthError('invalid_response', { endpoint: 'token', reason, status: answer.response.status })
}
