import type { Rotation, StoredRecord, TokenSet } from '../contracts.ts'
import { configError, OAuthError } from '../errors.ts'

/** What a caller needs of a token. */
export interface Need {
  /** Milliseconds that it must still be good for. */
  readonly minValidity: number
  /** The server must be asked even if the token looks good. */
  readonly force: boolean
  /** An access token that the API has refused: any other will do. */
  readonly refused?: string
}

/** What holds for this client, whatever is stored. */
export interface Policy {
  readonly rotation: Rotation
  /** How long before its end a token is refreshed while it is served, in milliseconds. */
  readonly refreshBefore: number
  readonly issuer: string
  /** Absent where the server issues a client id to each installation. */
  readonly clientId?: string
}

/** A record with the fingerprint of its refresh token. */
export interface Held {
  readonly record: StoredRecord
  /** Empty where the record has neither an intent nor a dead mark. */
  readonly hash: string
}

/** A refresh token that may be presented. */
export interface Chance {
  readonly tokens: TokenSet & { readonly refreshToken: string }
  /** How many of its presentations were never answered. */
  readonly lost: number
}

/** What to do now. */
export type Step =
  /** Serve the token. `renew`: and present the refresh token, though nobody need wait for that. */
  | { readonly do: 'serve'; readonly tokens: TokenSet; readonly renew: Chance | undefined }
  | { readonly do: 'refresh'; readonly chance: Chance }
  | { readonly do: 'fail'; readonly error: OAuthError }

/**
 * Decides what a record is good for. Pure: the same record, need, time and policy give the same step.
 *
 * A refresh token is presented only if no server has refused it for good, and not again after two
 * unanswered presentations where showing it once more could end the session. A token that is about to
 * end is served to its last moment where nothing better can be had.
 */
export function decide(held: Held | undefined, need: Need, now: number, policy: Policy): Step {
  if (held === undefined) return signIn('absent')
  const { tokens } = held.record
  const foreign = foreignRecord(held.record, policy)
  if (foreign !== undefined) return { do: 'fail', error: foreign }
  const next = refreshStep(held, policy)
  const safe = next.do === 'refresh' && !riskyRepeat(next.chance, policy) ? next.chance : undefined
  if (isGood(tokens, need, now)) {
    return { do: 'serve', tokens, renew: remaining(tokens, now) <= renewal(tokens, policy) ? safe : undefined }
  }
  if (safe === undefined && stillServes(tokens, need, now)) return { do: 'serve', tokens, renew: undefined }
  return next
}

/** Until when a record that is served now, with nothing to renew, is to be served without another thought. */
export function quietUntil({ record: { tokens } }: Held, need: Need, policy: Policy): number {
  return tokens.expiresAt === undefined
    ? Infinity
    : tokens.expiresAt - Math.max(margin(tokens, need), renewal(tokens, policy))
}

/** Whether `tokens` are what is needed, with time to reach the API. */
function isGood(tokens: TokenSet, need: Need, now: number): boolean {
  return !need.force && tokens.accessToken !== need.refused && remaining(tokens, now) > margin(tokens, need)
}

/** The refresh that is possible with this record, or why there is none. */
function refreshStep(held: Held, policy: Policy): Exclude<Step, { do: 'serve' }> {
  const { tokens, dead } = held.record
  const { refreshToken } = tokens
  if (refreshToken === undefined || refreshToken === '') return signIn('expired')
  if (dead?.hash === held.hash) return signIn('rejected', dead.error)
  const lost = unanswered(held)
  if (lost >= presentations[policy.rotation]) return signIn('ambiguous')
  return { do: 'refresh', chance: { tokens: { ...tokens, refreshToken }, lost } }
}

/**
 * Under strict rotation a repeat may end the session for everybody who still holds the good access
 * token, so it waits until there is nothing left to lose, or until somebody needs another token.
 */
function riskyRepeat({ lost }: Chance, policy: Policy): boolean {
  return lost > 0 && policy.rotation === 'strict'
}

/** Whether `tokens` may still be served, as a last resort, when there is no better one. */
export function stillServes(tokens: TokenSet, need: Need, now: number): boolean {
  return !need.force && tokens.accessToken !== need.refused && remaining(tokens, now) > need.minValidity
}

/** How many presentations of this refresh token were never answered, the open one included. */
export function unanswered({ record, hash }: Held): number {
  return record.intent?.hash === hash ? record.intent.lost + 1 : 0
}

/** How often a refresh token may be presented before its fate is known. */
const presentations: Readonly<Record<Rotation, number>> = {
  none: Infinity,
  grace: Infinity,
  'until-first-use': Infinity,
  strict: 2,
  unknown: 2,
}

/** Milliseconds until the end, by the clock. A clock that was set back knows nothing: the API has the last word. */
function remaining({ expiresAt, obtainedAt }: TokenSet, now: number): number {
  if (expiresAt === undefined) return Infinity
  if (obtainedAt !== undefined && now < obtainedAt - 60_000) return Infinity
  return expiresAt - now
}

function lifetime({ expiresAt, obtainedAt }: TokenSet): number {
  return expiresAt === undefined || obtainedAt === undefined ? Infinity : Math.max(0, expiresAt - obtainedAt)
}

/** A token that ends on its way to the API is of no use: half a minute, at most a tenth of its life. */
function margin(tokens: TokenSet, need: Need): number {
  return Math.max(need.minValidity, Math.min(30_000, lifetime(tokens) / 10))
}

function renewal(tokens: TokenSet, policy: Policy): number {
  return Math.min(policy.refreshBefore, lifetime(tokens) / 5)
}

/** Tokens are for whom they were issued to, and go back to nobody but their issuer. */
function foreignRecord(record: StoredRecord, policy: Policy): OAuthError | undefined {
  if (record.issuer !== undefined && record.issuer !== policy.issuer) {
    return new OAuthError('issuer_mismatch', { expected: policy.issuer, received: record.issuer })
  }
  const other = record.clientId !== undefined && policy.clientId !== undefined && record.clientId !== policy.clientId
  return other ? configError('the stored tokens were issued to another client id.') : undefined
}

function signIn(
  reason: 'absent' | 'expired' | 'rejected' | 'ambiguous',
  error?: string,
): Extract<Step, { do: 'fail' }> {
  return { do: 'fail', error: new OAuthError('sign_in_required', { reason, ...(error !== undefined && { error }) }) }
}
