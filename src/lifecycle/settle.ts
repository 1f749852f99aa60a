import type { Clock, HeldStore, RecordChange, Store, StoredRecord } from '../contracts.ts'
import { isOAuthError, OAuthError } from '../errors.ts'
import { sameGeneration, shownAgain, withOutcome } from './outcome.ts'
import type { Outcome, Presentation } from './outcome.ts'

/** How a refresh ended, for this client. */
export type Ended = {
  /** Tokens that came, and that nobody has asked for any more. */
  readonly unused?: StoredRecord | undefined
} & (
  | { readonly kind: 'served'; readonly record: StoredRecord; readonly how: 'found' | 'adopted' | 'refreshed' }
  | Unsaved
  /** A sign-out overtook the refresh. */
  | { readonly kind: 'overtaken' }
  | { readonly kind: 'failed'; readonly error: OAuthError; readonly record: StoredRecord | undefined }
)

/** What the server gave, or what its answer means, could not be written: it is known only here. */
export interface Unsaved {
  readonly kind: 'unsaved'
  readonly record: StoredRecord
  /** Writes it, if nothing newer is stored by then. */
  readonly change: RecordChange
  readonly error: OAuthError
  /** Why the record is not what was asked for, where it is not. */
  readonly failure?: OAuthError | undefined
  readonly presentation: Presentation
  readonly outcome: Outcome
}

/** Another generation is stored than the one that was presented: it has to be judged anew. */
export interface Outrun {
  readonly kind: 'outrun'
  readonly unused: StoredRecord | undefined
}

/** Where an outcome is written. */
export interface Place {
  readonly store: HeldStore
  readonly key: string
  readonly clock: Clock
}

/** Writes what an outcome means, and says what that makes of the refresh. */
export async function settle(
  { store, key, clock }: Place,
  presentation: Presentation,
  outcome: Outcome,
): Promise<Ended | Outrun> {
  const now = clock.now()
  const change: RecordChange = (current) => withOutcome(current, presentation, outcome, now)
  const brings = outcome.kind === 'tokens' || outcome.kind === 'defective'
  const brought = brings ? change(presentation.record) : undefined
  let stored: StoredRecord | undefined
  try {
    // Tokens that exist nowhere else are worth a second attempt.
    stored = await store.update(key, change).catch(() => store.update(key, change))
  } catch (error) {
    const record = brought ?? change(presentation.record) ?? presentation.record
    const failure = outcome.kind === 'tokens' ? undefined : errorOf(outcome)
    return {
      kind: 'unsaved',
      record,
      change,
      error: storeError(error),
      failure,
      unused: brought,
      presentation,
      outcome,
    }
  }
  if (stored === undefined) return { kind: 'overtaken', unused: brought }
  if (!sameGeneration(stored, brought ?? presentation.record)) return { kind: 'outrun', unused: brought }
  if (outcome.kind === 'tokens') return { kind: 'served', record: stored, how: 'refreshed' }
  return { kind: 'failed', error: errorOf(outcome), record: stored }
}

/** A place where nobody keeps others out yet. */
export interface OpenPlace extends Place {
  readonly store: Store
  readonly lockTimeout: number
}

/**
 * Writes once more, without the lock, what could not be written under it: whoever has lost a lock may
 * not write by it any more. Nothing newer is overwritten, and those who share the store need it now.
 */
export async function saved(place: OpenPlace, ended: Ended): Promise<Ended> {
  if (ended.kind !== 'unsaved') return ended
  const { presentation, outcome, unused } = ended
  const settleHere = unused === undefined ? settle : settleOpenly
  return judged(place, await settleHere(place, presentation, outcome)).catch(() => ended)
}

/**
 * Writes what an outcome means without the lock. Unless somebody has announced to present the refresh
 * token again meanwhile: their answer is the better one, as some servers then void what they answered
 * first, so it is waited for under the lock.
 */
export async function settleOpenly(
  { store, key, clock, lockTimeout }: OpenPlace,
  presentation: Presentation,
  outcome: Outcome,
): Promise<Ended | Outrun> {
  let again = false
  const yielding: HeldStore = {
    get: store.get,
    update: (_, change) =>
      store.update(key, (current) => {
        again = shownAgain(current, presentation)
        return again ? current : change(current)
      }),
  }
  const settleIn = (held: HeldStore): Promise<Ended | Outrun> =>
    settle({ store: held, key, clock }, presentation, outcome)
  const ended = await settleIn(yielding)
  if (!again) return ended
  // That the refresh token is void, whoever presents it now will hear for themselves.
  if (outcome.kind === 'rejected') return { kind: 'failed', error: outcome.error, record: presentation.record }
  return store.lock(key, settleIn, { timeout: lockTimeout }).catch(() => settleIn(store))
}

/** What it means that another generation is stored: it is taken over, unless there is none any more. */
export async function judged({ store, key }: Place, ended: Ended | Outrun): Promise<Ended> {
  if (ended.kind !== 'outrun') return ended
  const record = await store.get(key)
  return record === undefined
    ? { kind: 'overtaken', unused: ended.unused }
    : { kind: 'served', record, how: 'adopted', unused: ended.unused }
}

/** What a failure of a store is called that has no name of ours. */
export function storeError(error: unknown): OAuthError {
  return isOAuthError(error) ? error : new OAuthError('persist_failed', { where: 'the store', reason: 'it threw.' })
}

function errorOf(outcome: Outcome): OAuthError {
  switch (outcome.kind) {
    case 'tokens':
      throw new TypeError('Tokens are no failure.')
    case 'rejected':
      return new OAuthError('sign_in_required', { reason: 'rejected', error: outcome.word }, { cause: outcome.error })
    default:
      return outcome.error
  }
}
