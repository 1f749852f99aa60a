import type { ClientEvent, RecordChange, StoredRecord } from '../contracts.ts'
import type { Cooldown } from './cooldown.ts'
import { decide } from './decide.ts'
import type { Held, Need } from './decide.ts'
import { sameTokens } from './outcome.ts'
import { hold, isUnsettled } from './refresh.ts'
import type { RefreshParts } from './refresh.ts'

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
  /** What was decided last: most calls ask the same of the same record. */
  quiet: Quiet | undefined
  /** What came but could not be written, and what writes it if nothing newer is stored. */
  unsaved: { readonly record: StoredRecord; readonly change: RecordChange } | undefined
  /** What a sign-out took that then failed: it is to be revoked by the next. */
  left: StoredRecord | undefined
  /** The refresh that is under way, for all who wait. */
  flight: Promise<Landed> | undefined
  /** How often somebody signed in or out here. A flight that began before brings nothing back. */
  epoch: number
  /** How often somebody signed out here. */
  endings: number
  /** How often memory was set by something newer than any read that had begun by then. */
  views: number
  /** How many answers are still awaited that everybody has given up waiting for. */
  late: number
  /** The last failure's code; absent again after a success. */
  error: string | undefined
  /** The access token of the session whose end was told. */
  told: string | undefined
  readonly cooling: Cooldown
}

/** That a record is served for one need, with nothing else to do, until some instant. */
export interface Quiet {
  readonly memory: Held
  readonly need: Need
  readonly tokens: StoredRecord['tokens']
  readonly until: number
}

/** How a flight ended for those who share it. */
export interface Landed {
  readonly tokens: StoredRecord['tokens']
  /** The server was asked, by us or by a sibling just now. */
  readonly asked: boolean
}

/** Reads what holds now, the store's record unless ours is newer and could not be written yet, and takes it over. */
export async function recall(parts: SessionParts, state: SessionState): Promise<StoredRecord | undefined> {
  const { views } = state
  const record = await readStored(parts, state)
  const error = sameTokens(state.memory?.record, record) ? state.error : undefined
  await remember(parts, state, record, { views, error })
  return record
}

async function readStored(parts: SessionParts, state: SessionState): Promise<StoredRecord | undefined> {
  const { store, key } = parts
  const pending = state.unsaved
  if (pending === undefined) return store.get(key)
  const stored = await store.update(key, (current) => (state.unsaved === pending ? pending.change(current) : current))
  if (state.unsaved !== pending) return stored
  state.unsaved = undefined
  if (stored === undefined) void parts.discard(pending.record)
  return stored
}

/** What is taken over counts unless something newer was since `views`. */
interface View {
  readonly views: number
  readonly error: string | undefined
}

/** Takes over a record and tells everybody. */
export async function remember(
  parts: SessionParts,
  state: SessionState,
  record: StoredRecord | undefined,
  { views, error }: View,
): Promise<void> {
  const held = await hold(parts, record)
  if (views !== state.views) return
  const vanished = state.memory !== undefined && held === undefined
  state.memory = held
  state.error = error
  parts.onChange(record, error ?? verdict(parts, held))
  if (vanished) parts.onEvent({ type: 'signed-out', reason: 'elsewhere' })
}

const plain: Need = { minValidity: 0, force: false }

/** Why this record is of no use to anybody, if it is not. */
export function verdict({ clock, policy }: SessionParts, held: Held | undefined): string | undefined {
  if (held === undefined) return undefined
  const now = clock.now()
  const step = decide(held, plain, now, policy)
  return step.do === 'fail' && !isUnsettled(step.error, held.record, now) ? step.error.code : undefined
}

/** Begins a new epoch: whatever is under way belongs to a session that is over. Gives its number. */
export function depart(state: SessionState): number {
  state.memory = undefined
  state.flight = undefined
  state.unsaved = undefined
  state.error = undefined
  state.cooling.clear()
  state.views++
  return ++state.epoch
}
