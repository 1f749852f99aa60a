import type { Account, RefreshIntent, StoredRecord, TokenSet } from '../contracts.ts'
import { isOAuthError, OAuthError } from '../errors.ts'
import type { AnyOAuthError } from '../errors.ts'

/** How one presentation of a refresh token ended. */
export type Outcome =
  | { readonly kind: 'tokens'; readonly tokens: TokenSet; readonly account?: Account }
  /** The rest of the answer is of no use, but the server has retired the old refresh token. */
  | { readonly kind: 'defective'; readonly refreshToken: string; readonly error: OAuthError }
  /** The server ended this refresh token. */
  | { readonly kind: 'rejected'; readonly error: OAuthError; readonly word: string }
  /** The server answered, but not about this refresh token: busy, broken, or at odds with the client. */
  | { readonly kind: 'trouble'; readonly error: OAuthError }
  /** The request never left. */
  | { readonly kind: 'unsent'; readonly error: OAuthError }
  /** The request left, and nobody knows what became of it. */
  | { readonly kind: 'lost'; readonly error: OAuthError }

/** Says what an error of the refresh request means for the refresh token. */
export function failedOutcome(error: unknown, terminalErrors: readonly string[]): Outcome {
  if (!isOAuthError(error)) {
    return { kind: 'lost', error: new OAuthError('network', { endpoint: 'token', sent: 'maybe' }) }
  }
  const word = error.code === 'authorization_failed' ? error.detail.error : error.code
  if (word === 'invalid_grant' || terminalErrors.includes(word)) return { kind: 'rejected', error, word }
  if (neverSent(error)) return { kind: 'unsent', error }
  return { kind: neverAnswered(error) ? 'lost' : 'trouble', error }
}

function neverSent(error: AnyOAuthError): boolean {
  return error.code === 'config' || (error.code === 'network' && error.detail.sent === 'no')
}

/** A 200 that cannot be read is a success that was lost on the way. */
function neverAnswered(error: AnyOAuthError): boolean {
  if (error.code === 'invalid_response') return (error.detail.status ?? 200) < 300
  return error.code === 'network' || error.code === 'timeout' || error.code === 'aborted'
}

/** One presentation: of which record's refresh token, and when. */
export interface Presentation {
  readonly record: StoredRecord
  readonly hash: string
  readonly owner: string
  readonly at: number
  /** Earlier presentations of the same refresh token that were never answered. */
  readonly lost: number
  /** Whether showing the refresh token once more ends what this brings, and it stays good until that is used. */
  readonly fragile?: boolean
}

/**
 * The record that says "this refresh token is about to be presented": compare-and-swap on the refresh
 * token and on the intent that was seen, so that of two who lost the lock one presents it first, and the
 * other not at all if it was refused.
 */
export function withIntent(current: StoredRecord | undefined, presentation: Presentation): StoredRecord | undefined {
  const { record, hash, owner, at, lost } = presentation
  if (!sameGeneration(current, record) || !sameIntent(current.intent, record.intent)) return current
  if (current.dead?.hash === hash) return current
  return { ...current, intent: { hash, owner, at, lost } }
}

/**
 * The record without this presentation's intent, if that is the one it holds: the refresh token was not
 * used up. To say so twice changes nothing.
 */
export function withoutIntent(current: StoredRecord | undefined, presentation: Presentation): StoredRecord | undefined {
  const { hash, owner, at, lost } = presentation
  if (current === undefined || !sameIntent(current.intent, { hash, owner, at, lost })) return current
  const { intent: _, ...rest } = current
  return lost === 0 ? rest : { ...rest, intent: { hash, owner, at, lost: lost - 1 } }
}

/** Whether the refresh token has been announced again since this presentation. */
export function shownAgain(current: StoredRecord | undefined, presentation: Presentation): boolean {
  return current?.intent?.hash === presentation.hash && !sameIntent(current.intent, presentation)
}

/**
 * The record that follows from an outcome: compare-and-swap on the refresh token that was presented.
 * Whatever else is stored by now stays as it is.
 */
export function withOutcome(
  current: StoredRecord | undefined,
  presentation: Presentation,
  outcome: Outcome,
  now: number,
): StoredRecord | undefined {
  if (!sameGeneration(current, presentation.record)) return current
  const { intent: _, dead: __, ...rest } = current
  switch (outcome.kind) {
    case 'tokens':
      if (isVoid(current, presentation) || isOutdated(outcome.tokens, current, presentation)) return current
      return { ...rest, tokens: outcome.tokens, ...(outcome.account !== undefined && { account: outcome.account }) }
    case 'defective':
      if (isVoid(current, presentation)) return current
      return { ...rest, tokens: { ...rest.tokens, refreshToken: outcome.refreshToken } }
    case 'rejected':
      return { ...rest, dead: { hash: presentation.hash, at: now, error: outcome.word } }
    case 'lost':
      return current
    case 'trouble':
    case 'unsent':
      return withoutIntent(current, presentation)
  }
}

/** Whether somebody has shown the refresh token again since, after which it is the better one to go on with. */
function isVoid(current: StoredRecord, presentation: Presentation): boolean {
  const { fragile, record } = presentation
  return fragile === true && shownAgain(current, presentation) && !sameIntent(current.intent, record.intent)
}

/** Where a refresh token outlives its use, an answer may come after that of a later request. */
function isOutdated(tokens: TokenSet, current: StoredRecord, { record }: Presentation): boolean {
  const { accessToken, obtainedAt = 0 } = current.tokens
  return accessToken !== record.tokens.accessToken && obtainedAt > (tokens.obtainedAt ?? 0)
}

function sameIntent(a: RefreshIntent | undefined, b: RefreshIntent | undefined): boolean {
  return a?.hash === b?.hash && a?.owner === b?.owner && a?.at === b?.at && a?.lost === b?.lost
}

/** Whether `current` still holds the refresh token of `record`: a record's identity is its refresh token. */
export function sameGeneration(current: StoredRecord | undefined, record: StoredRecord): current is StoredRecord {
  if (current === undefined) return false
  const { refreshToken } = record.tokens
  if (refreshToken !== undefined) return current.tokens.refreshToken === refreshToken
  return current.tokens.refreshToken === undefined && current.tokens.accessToken === record.tokens.accessToken
}

/** Whether nobody has refreshed or signed in between: where refresh tokens stay, the access token tells. */
export function sameTokens(a: StoredRecord | undefined, b: StoredRecord | undefined): boolean {
  return a?.tokens.refreshToken === b?.tokens.refreshToken && a?.tokens.accessToken === b?.tokens.accessToken
}
