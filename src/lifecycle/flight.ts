import type { ClientEvent, StoredRecord, TokenSet } from '../contracts.ts'
import { isOAuthError, OAuthError } from '../errors.ts'
import type { Cooldown } from './cooldown.ts'
import { decide, stillServes } from './decide.ts'
import type { Held, Need } from './decide.ts'
import { sameGeneration } from './outcome.ts'
import { hold, refresh } from './refresh.ts'
import type { Ended, RefreshParts } from './refresh.ts'
import { within } from './wait.ts'

/** What a session acts upon. */
export interface SessionParts extends RefreshParts {
  /** The longest that a caller may wait for a token, in milliseconds. */
  readonly patience: number
  /** Revokes tokens that a sign-out left over. Never rejects. */
  readonly discard: (record: StoredRecord) => Promise<void>
  /** Called after each change of what is known, never under the lock. */
  readonly onChange: (record: StoredRecord | undefined, error: string | undefined) => void
  readonly onEvent: (event: ClientEvent) => void
}

/** What a session knows at this moment. */
export interface SessionState {
  /** The record as last seen. */
  memory: Held | undefined
  /** Tokens that came but could not be written, and the record they replace (any, after a sign-in). */
  unsaved: { readonly record: StoredRecord; readonly replaces: StoredRecord | undefined } | undefined
  /** The refresh that is under way, for all who wait. */
  flight: Promise<Landed> | undefined
  /** How often the session was ended. A flight that began before an end brings nothing back. */
  endings: number
  readonly cooling: Cooldown
}

/** How a flight ended for those who share it. */
export interface Landed {
  readonly tokens: TokenSet
  /** The server was asked, by us or by a sibling just now. */
  readonly asked: boolean
}

/** Shares the flight that is under way, or begins one. A caller's abort never reaches it. */
export function join(parts: SessionParts, state: SessionState, need: Need): Promise<Landed> {
  if (state.flight !== undefined) return state.flight
  const flight = within(fly(parts, state, need), 'a token', parts.patience, parts.clock).catch((error: unknown) =>
    rescued(parts, state, need, error),
  )
  state.flight = flight
  const landed = (): void => {
    if (state.flight === flight) state.flight = undefined
  }
  flight.then(landed, landed)
  return flight
}

/** What holds now: the store's record, unless ours is newer and could not be written yet. */
export async function readStored(parts: SessionParts, state: SessionState): Promise<StoredRecord | undefined> {
  const { store, key } = parts
  const pending = state.unsaved
  if (pending === undefined) return store.get(key)
  const { replaces, record } = pending
  const stored = await store.update(key, (current) =>
    replaces === undefined || sameGeneration(current, replaces) ? record : current,
  )
  if (state.unsaved === pending) state.unsaved = undefined
  return stored
}

/** Takes over what a record says, and tells everybody. */
export async function remember(
  parts: SessionParts,
  state: SessionState,
  record: StoredRecord | undefined,
  error?: string,
): Promise<void> {
  const { endings } = state
  const held = await hold(record)
  if (endings !== state.endings) return
  const vanished = state.memory !== undefined && held === undefined
  state.memory = held
  parts.onChange(record, error)
  if (vanished) parts.onEvent({ type: 'signed-out', reason: 'elsewhere' })
}

async function fly(parts: SessionParts, state: SessionState, need: Need): Promise<Landed> {
  const { endings } = state
  const record = await readStored(parts, state)
  if (endings !== state.endings) throw new OAuthError('signed_out', {})
  await remember(parts, state, record)
  const step = decide(state.memory, need, parts.clock.now(), parts.policy)
  if (step.do === 'serve' && !step.renew) return { tokens: step.tokens, asked: false }
  if (step.do === 'fail') throw step.error
  state.cooling.check()
  // A token that is refreshed early is still good; unless a sibling was faster, the server is asked.
  const ended = await refresh(parts, step.do === 'serve' ? { ...need, force: true } : need, record)
  return land(parts, state, ended, endings)
}

async function land(parts: SessionParts, state: SessionState, ended: Ended, endings: number): Promise<Landed> {
  if (ended.kind === 'overtaken' || endings !== state.endings) {
    if (ended.kind === 'overtaken' && ended.late !== undefined) await parts.discard(ended.late)
    if (endings === state.endings) await remember(parts, state, undefined)
    throw new OAuthError('signed_out', {})
  }
  if (ended.kind === 'failed') {
    await remember(parts, state, ended.record, ended.error.code)
    if (ended.error.code === 'sign_in_required') parts.onEvent({ type: 'signed-out', reason: 'rejected' })
    throw ended.error
  }
  if (ended.kind === 'unsaved') {
    state.unsaved = { record: ended.record, replaces: ended.replaces }
    parts.onEvent({ type: 'persist-failed', code: ended.error.code })
  }
  state.cooling.clear()
  await remember(parts, state, ended.record)
  const { tokens } = ended.record
  const how = ended.kind === 'served' ? ended.how : 'refreshed'
  const expiry = tokens.expiresAt === undefined ? {} : { expiresAt: tokens.expiresAt }
  if (how !== 'found') parts.onEvent({ type: how, ...expiry })
  return { tokens, asked: how !== 'found' }
}

/** A failure costs nothing while the old token is still good. */
function rescued(parts: SessionParts, state: SessionState, need: Need, error: unknown): Landed {
  const failure = isOAuthError(error)
    ? error
    : new OAuthError('persist_failed', { where: 'the store', reason: 'it threw.' })
  if (failure.code !== 'sign_in_required' && failure.code !== 'signed_out') {
    state.cooling.note(failure)
    parts.onEvent({ type: 'refresh-failed', code: failure.code, retryable: failure.retryable })
  }
  const tokens = state.memory?.record.tokens
  if (failure.code !== 'signed_out' && tokens !== undefined && stillServes(tokens, need, parts.clock.now())) {
    return { tokens, asked: false }
  }
  throw failure
}
