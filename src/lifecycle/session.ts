import type { RecordChange, StoredRecord, TokenSet } from '../contracts.ts'
import { isOAuthError, OAuthError } from '../errors.ts'
import { cooldown } from './cooldown.ts'
import { decide, quietUntil } from './decide.ts'
import type { Held, Need } from './decide.ts'
import { join, lastResort } from './flight.ts'
import { sameTokens } from './outcome.ts'
import { depart, recall, remember } from './recall.ts'
import type { Landed, SessionParts, SessionState } from './recall.ts'
import { storeError } from './settle.ts'
import { untilAborted, within } from '../core/wait.ts'

/** The life of one account slot's tokens: one memory, and at most one refresh in flight. */
export interface Session {
  getTokens(need: Need, signal?: AbortSignal): Promise<TokenSet>
  /** The tokens at hand, if they are good enough to serve without asking anybody. */
  atHand(need: Need): TokenSet | undefined
  /** Reads the store again: at first, and whenever somebody says that it has changed. */
  reload(): Promise<StoredRecord | undefined>
  /** Stores a finished sign-in. Says whether it could be written. */
  begin(record: StoredRecord): Promise<boolean>
  /** Removes the record, whatever is in flight, and gives what it was. */
  end(): Promise<StoredRecord | undefined>
}

/** Makes a session. Does nothing yet. */
export function createSession(parts: SessionParts): Session {
  const state: SessionState = {
    memory: undefined,
    quiet: undefined,
    unsaved: undefined,
    left: undefined,
    flight: undefined,
    epoch: 0,
    endings: 0,
    views: 0,
    late: 0,
    error: undefined,
    told: undefined,
    cooling: cooldown(parts),
  }
  return {
    atHand: (need) => atHand(parts, state, need),
    getTokens: (need, signal) => getTokens(parts, state, need, signal),
    reload: () => reload(parts, state),
    begin: (record) => begin(parts, state, record),
    end: () => end(parts, state),
  }
}

async function reload(parts: SessionParts, state: SessionState): Promise<StoredRecord | undefined> {
  const { flight } = state
  // What a flight brings is as old as its commit: whoever looked before it had landed looks once more.
  flight?.then(
    () => recall(parts, state).catch(() => undefined),
    () => undefined,
  )
  return bounded(parts, recall(parts, state))
}

function atHand(parts: SessionParts, state: SessionState, need: Need): TokenSet | undefined {
  const { memory, quiet } = state
  if (memory === undefined) return undefined
  const now = parts.clock.now()
  const known = quiet?.memory === memory && quiet.need === need && state.unsaved === undefined
  return known && now < quiet.until ? quiet.tokens : decided(parts, state, memory, { need, now })
}

function decided(
  parts: SessionParts,
  state: SessionState,
  memory: Held,
  { need, now }: { readonly need: Need; readonly now: number },
): TokenSet | undefined {
  const step = decide(memory, need, now, parts.policy)
  if (step.do !== 'serve') return undefined
  const { tokens } = step
  if (step.renew === undefined && state.unsaved === undefined) {
    state.quiet = { memory, need, tokens, until: quietUntil(memory, need, parts.policy) }
  } else if (state.flight === undefined && !state.cooling.active()) join(parts, state, need).catch(() => undefined)
  return tokens
}

async function getTokens(
  parts: SessionParts,
  state: SessionState,
  need: Need,
  signal?: AbortSignal,
): Promise<TokenSet> {
  if (signal?.aborted === true) throw new OAuthError('aborted', {})
  for (let again = false; ; again = true) {
    const tokens = atHand(parts, state, need) ?? (await wait(parts, state, need, { signal, again }))
    if (tokens !== undefined) return tokens
  }
}

/** What the flight brings that is under way, or that begins now; nothing, if it is worth another try. */
async function wait(
  parts: SessionParts,
  state: SessionState,
  need: Need,
  { signal, again }: { readonly signal: AbortSignal | undefined; readonly again: boolean },
): Promise<TokenSet | undefined> {
  const { epoch } = state
  const shared = state.flight !== undefined
  try {
    const landed = await untilAborted(join(parts, state, need), signal)
    // Whoever joined a flight that others began may need more than they did.
    return !shared || satisfies(landed, need, again) ? landed.tokens : undefined
  } catch (error) {
    const cause = causeOf(error)
    const replaced = epoch !== state.epoch && state.memory !== undefined
    if (cause === 'signed_out' && replaced) return undefined
    if (cause === 'aborted' || !shared) throw error
    // Or less; and they may have read the store before what is asked for was there.
    const tokens = lastResort(parts, state, need)
    if (tokens === undefined && (again || cause !== 'outdated')) throw error
    return tokens
  }
}

function causeOf(error: unknown): 'aborted' | 'signed_out' | 'outdated' | undefined {
  if (!isOAuthError(error)) return undefined
  if (error.code === 'aborted' || error.code === 'signed_out') return error.code
  return error.code === 'sign_in_required' && error.detail.reason !== 'rejected' ? 'outdated' : undefined
}

/** Whoever joins `again` had the server asked after a token was refused: it has no other one to give. */
function satisfies({ tokens, asked }: Landed, need: Need, again: boolean): boolean {
  return asked && (again || tokens.accessToken !== need.refused)
}

async function begin(parts: SessionParts, state: SessionState, record: StoredRecord): Promise<boolean> {
  const { endings } = state
  let epoch = depart(state)
  let late = false
  let replaced: { readonly record: StoredRecord | undefined } | undefined
  const written = parts.store.update(parts.key, (current) => {
    if (late) return current
    epoch = depart(state)
    replaced = { record: current }
    return record
  })
  let landed = false
  // What is known to be written, however late, is not written again: somebody may have signed out since.
  const land = (stored: StoredRecord | undefined): void => {
    landed = sameTokens(stored, record)
    if (landed && state.unsaved?.record === record) state.unsaved = undefined
  }
  written.then(land, () => undefined)
  let failure = await failureOf(parts, written)
  late = true
  if (failure !== undefined && epoch === state.epoch) {
    const found = await lookAt(parts)
    replaced ??= found
    if (landed || (found !== undefined && sameTokens(found.record, record))) failure = undefined
  }
  if (epoch !== state.epoch) {
    if (failure !== undefined && endings !== state.endings) void parts.discard(record)
    return failure === undefined
  }
  if (failure !== undefined) {
    state.unsaved = { record, change: signInChange(record, replaced) }
    parts.onEvent({ type: 'persist-failed', code: failure.code })
  }
  await remember(parts, state, record, { views: state.views, error: undefined })
  return failure === undefined
}

async function failureOf(parts: SessionParts, work: Promise<unknown>): Promise<OAuthError | undefined> {
  try {
    await bounded(parts, work)
    return undefined
  } catch (error) {
    return storeError(error)
  }
}

/** Writes a sign-in that could not be written when it should, unless somebody else was here meanwhile. */
function signInChange(record: StoredRecord, replaced: { record: StoredRecord | undefined } | undefined): RecordChange {
  let known = replaced
  return (current) => {
    // A store that can't be read tells what it held only when it is written again.
    known ??= { record: current }
    return sameTokens(current, known.record) ? record : current
  }
}

/** What is stored, if that can be known. */
async function lookAt(parts: SessionParts): Promise<{ record: StoredRecord | undefined } | undefined> {
  try {
    return { record: await bounded(parts, parts.store.get(parts.key)) }
  } catch {
    return undefined
  }
}

async function end(parts: SessionParts, state: SessionState): Promise<StoredRecord | undefined> {
  const { unsaved } = state
  state.endings++
  let epoch = depart(state)
  parts.onChange(undefined, undefined)
  let late = false
  // A store whose answer was lost asks again, and then nothing is there.
  let removed = state.left
  const gone = parts.store.update(parts.key, (current) => {
    if (late) return current
    state.endings++
    epoch = depart(state)
    removed = current ?? removed
    return undefined
  })
  try {
    await bounded(parts, gone)
  } catch (error) {
    // What is removed after the caller was told otherwise may be a later sign-in.
    late = true
    if (epoch === state.epoch) state.unsaved = unsaved
    state.left = removed
    throw error
  }
  state.left = undefined
  if (epoch === state.epoch) parts.onChange(undefined, undefined)
  parts.onEvent({ type: 'signed-out', reason: 'asked' })
  // What could not be written is newer than what was.
  return unsaved?.record ?? removed
}

function bounded<T>(parts: SessionParts, work: Promise<T>): Promise<T> {
  return within(work, 'the store', parts.patience, parts.clock).catch((error: unknown) => {
    throw storeError(error)
  })
}
