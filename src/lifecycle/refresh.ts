import type { Clock, HeldStore, Store, StoredRecord, TokenSet } from '../contracts.ts'
import { fingerprint } from '../core/index.ts'
import { isOAuthError, OAuthError } from '../errors.ts'
import { decide, stillServes } from './decide.ts'
import type { Held, Need, Policy } from './decide.ts'
import { sameGeneration, withIntent, withOutcome } from './outcome.ts'
import type { Outcome, Presentation } from './outcome.ts'

/** What a refresh acts upon. */
export interface RefreshParts {
  readonly store: Store
  readonly key: string
  readonly clock: Clock
  readonly policy: Policy
  /** A random name for this client object. */
  readonly owner: string
  readonly lockTimeout: number
  /** Presents a refresh token, once. Never rejects. */
  readonly present: (record: RefreshableRecord) => Promise<Presented>
}

/** A record that has a refresh token. */
export type RefreshableRecord = StoredRecord & { readonly tokens: TokenSet & { readonly refreshToken: string } }

/** How a presentation ended; `late` is what it may still bring after we gave up waiting. */
export interface Presented {
  readonly outcome: Outcome
  readonly late?: Promise<Outcome>
}

/** How a refresh ended, for this client. */
export type Ended =
  | { readonly kind: 'served'; readonly record: StoredRecord; readonly how: 'found' | 'adopted' | 'refreshed' }
  /** The new tokens could not be written. They exist only here. */
  | {
      readonly kind: 'unsaved'
      readonly record: StoredRecord
      readonly replaces: StoredRecord
      readonly error: OAuthError
    }
  /** A sign-out overtook the refresh; `late` are tokens that nobody asked for any more. */
  | { readonly kind: 'overtaken'; readonly late?: StoredRecord }
  | { readonly kind: 'failed'; readonly error: OAuthError; readonly record: StoredRecord | undefined }

/** Gives a record its fingerprint. */
export async function hold(record: StoredRecord | undefined): Promise<Held | undefined> {
  return record === undefined ? undefined : { record, hash: await fingerprint(record) }
}

/**
 * Refreshes under the store's lock: read again, write the intent, present the token, commit by
 * compare-and-swap. `seen` is what the caller read before it waited for the lock: if that has changed
 * meanwhile, somebody else has refreshed, and their result is taken over.
 *
 * Errors (thrown): those of the store, before anything was sent.
 */
export async function refresh(parts: RefreshParts, need: Need, seen: StoredRecord | undefined): Promise<Ended> {
  const { store, key, lockTimeout } = parts
  const ended = await store.lock(key, (held) => underLock(parts, held, need, seen), { timeout: lockTimeout })
  return ended.kind === 'rejected' ? afterRejection(parts, ended) : ended
}

type Rejected = {
  readonly kind: 'rejected'
  readonly presentation: Presentation
  readonly outcome: Outcome & { kind: 'rejected' }
}

async function underLock(
  parts: RefreshParts,
  held: HeldStore,
  need: Need,
  seen: StoredRecord | undefined,
): Promise<Ended | Rejected> {
  const { key, clock, policy } = parts
  let presented = 0
  for (let round = 0; round < 10; round++) {
    const current = await hold(await held.get(key))
    const adopted = current !== undefined && seen !== undefined && !sameGeneration(current.record, seen)
    const step = decide(current, adopted ? { ...need, force: false } : need, clock.now(), policy)
    if (current === undefined || step.do === 'fail') return gone(step, current)
    if (step.do === 'serve') return { kind: 'served', record: current.record, how: adopted ? 'adopted' : 'found' }
    const record = { ...current.record, tokens: step.tokens }
    const presentation: Presentation = {
      record,
      hash: current.hash,
      owner: parts.owner,
      at: clock.now(),
      lost: step.lost,
    }
    const intended = await held.update(key, (stored) => withIntent(stored, presentation))
    if (!sameGeneration(intended, record)) continue
    const { outcome, ended } = await present(parts, held, presentation, record)
    presented++
    if (presented === 2 || !repeatAtOnce(outcome, record, need, clock.now())) return ended
  }
  // Somebody writes here without the lock, over and over.
  throw new OAuthError('lock_timeout', { after: parts.lockTimeout })
}

async function present(
  parts: RefreshParts,
  held: HeldStore,
  presentation: Presentation,
  record: RefreshableRecord,
): Promise<{ readonly outcome: Outcome; readonly ended: Ended | Rejected }> {
  const { outcome, late } = await parts.present(record)
  if (late !== undefined) settleLate(parts, presentation, late)
  if (outcome.kind === 'rejected') return { outcome, ended: { kind: 'rejected', presentation, outcome } }
  return { outcome, ended: await settle(parts, held, presentation, outcome) }
}

function gone(step: ReturnType<typeof decide>, current: Held | undefined): Ended {
  const error = step.do === 'fail' ? step.error : new OAuthError('sign_in_required', { reason: 'absent' })
  return { kind: 'failed', error, record: current?.record }
}

/** Writes what an outcome means, and says what that makes of the refresh. */
async function settle(
  parts: RefreshParts,
  held: HeldStore,
  presentation: Presentation,
  outcome: Outcome,
): Promise<Ended> {
  let stored: StoredRecord | undefined
  try {
    stored = await held.update(parts.key, (current) => withOutcome(current, presentation, outcome))
  } catch (error) {
    return unwritten(presentation, outcome, error)
  }
  if (outcome.kind !== 'tokens') return { kind: 'failed', error: errorOf(outcome), record: stored }
  if (stored?.tokens.accessToken === outcome.tokens.accessToken)
    return { kind: 'served', record: stored, how: 'refreshed' }
  if (stored !== undefined) return { kind: 'served', record: stored, how: 'adopted' }
  return { kind: 'overtaken', late: { ...presentation.record, tokens: outcome.tokens } }
}

function unwritten(presentation: Presentation, outcome: Outcome, error: unknown): Ended {
  const failure = isOAuthError(error)
    ? error
    : new OAuthError('persist_failed', { where: 'the store', reason: 'it threw.' })
  const record = withOutcome(presentation.record, presentation, outcome)
  if (outcome.kind === 'tokens' || outcome.kind === 'defective') {
    return { kind: 'unsaved', record: record ?? presentation.record, replaces: presentation.record, error: failure }
  }
  return { kind: 'failed', error: errorOf(outcome), record: presentation.record }
}

function errorOf(outcome: Exclude<Outcome, { kind: 'tokens' }>): OAuthError {
  return outcome.error
}

/**
 * Whether to show the refresh token once more right away: its answer was lost on the way, quickly,
 * and there is no good token to go on with. `decide` has the last word before it is.
 */
function repeatAtOnce(outcome: Outcome, record: StoredRecord, need: Need, now: number): boolean {
  return outcome.kind === 'lost' && outcome.error.code === 'network' && !stillServes(record.tokens, need, now)
}

/** An answer that came after we gave up is committed all the same: the server has retired the old token. */
function settleLate(parts: RefreshParts, presentation: Presentation, late: Promise<Outcome>): void {
  void late
    .then((outcome) => {
      if (outcome.kind !== 'tokens' && outcome.kind !== 'defective') return undefined
      return parts.store.update(parts.key, (current) => withOutcome(current, presentation, outcome))
    })
    .catch(() => undefined)
}

/** How long a sibling that shares the file but not the lock is given to commit, in milliseconds. */
const siblingGrace = [0, 250, 1500]

/**
 * The server refused the refresh token for good. Perhaps because somebody else has used it: look
 * whether they have left a newer one, before this one is marked dead.
 */
async function afterRejection(parts: RefreshParts, { presentation, outcome }: Rejected): Promise<Ended> {
  const { store, key, clock } = parts
  for (const wait of store.solitary === true ? [0] : siblingGrace) {
    if (wait > 0) await clock.sleep(wait)
    const current = await store.get(key)
    if (current === undefined) return { kind: 'overtaken' }
    if (!sameGeneration(current, presentation.record)) return { kind: 'served', record: current, how: 'adopted' }
  }
  const stored = await store.update(key, (current) => withOutcome(current, presentation, outcome))
  if (stored !== undefined && !sameGeneration(stored, presentation.record)) {
    return { kind: 'served', record: stored, how: 'adopted' }
  }
  const error = new OAuthError(
    'sign_in_required',
    { reason: 'rejected', error: outcome.word },
    { cause: outcome.error },
  )
  return { kind: 'failed', error, record: stored }
}
