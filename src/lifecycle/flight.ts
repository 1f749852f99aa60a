import type { StoredRecord, TokenSet } from '../contracts.ts'
import { OAuthError } from '../errors.ts'
import { decide, stillServes } from './decide.ts'
import type { Need } from './decide.ts'
import { recall, remember, verdict } from './recall.ts'
import type { Landed, SessionParts, SessionState } from './recall.ts'
import { isUnsettled, refresh } from './refresh.ts'
import { storeError } from './settle.ts'
import type { Ended } from './settle.ts'
import { within } from '../core/wait.ts'

/** Shares the flight that is under way, or begins one. A caller's abort never reaches it. */
export function join(parts: SessionParts, state: SessionState, need: Need): Promise<Landed> {
  if (state.flight !== undefined) return state.flight
  const since: Since = { epoch: state.epoch, endings: state.endings, over: false }
  const work = fly(parts, state, need, since)
  const flight = within(work, 'a token', parts.patience, parts.clock).catch((error: unknown) => {
    since.over = true
    checkEpoch(state, since.epoch)
    return rescued(parts, state, need, storeError(error))
  })
  state.flight = flight
  const clear = (): void => {
    if (state.flight === flight) state.flight = undefined
  }
  flight.then(clear, clear)
  return flight
}

/** What a sign-out, or another sign-in, has overtaken brings nothing back. */
function checkEpoch(state: SessionState, epoch: number): void {
  if (epoch !== state.epoch) throw new OAuthError('signed_out', {})
}

/** Whoever comes back late with nothing has read the store before those who came later. */
function checkNews(ended: Ended, { over }: Since): void {
  if (over && ended.kind === 'failed' && ended.unused === undefined) throw ended.error
}

async function fly(parts: SessionParts, state: SessionState, need: Need, since: Since): Promise<Landed> {
  const { clock, policy, store } = parts
  const record = await recall(parts, state)
  checkEpoch(state, since.epoch)
  const step = decide(state.memory, need, clock.now(), policy)
  if (step.do === 'serve' && step.renew === undefined) return { tokens: step.tokens, asked: false }
  if (step.do === 'fail' && !isUnsettled(step.error, state.memory?.record, clock.now())) throw step.error
  if (step.do !== 'fail') state.cooling.check()
  const refreshing = {
    ...parts,
    siblings: store.solitary !== true || state.late > 0,
    current: () => since.epoch === state.epoch,
    onLate: (ended: Promise<Ended>) => void landLate(parts, state, ended, since),
  }
  return land(parts, state, await refresh(refreshing, need, record), since)
}

/** When a flight began, and whether everybody has given it up. */
interface Since extends Readonly<Pick<SessionState, 'epoch' | 'endings'>> {
  over: boolean
}

async function land(parts: SessionParts, state: SessionState, ended: Ended, since: Since): Promise<Landed> {
  const { epoch, endings } = since
  const signedOut = ended.kind === 'overtaken' && epoch === state.epoch
  if (ended.unused !== undefined && (signedOut || endings !== state.endings)) await parts.discard(ended.unused)
  checkEpoch(state, epoch)
  const record = ended.kind === 'overtaken' ? undefined : ended.record
  if (ended.kind === 'unsaved') {
    state.unsaved = ended
    if (ended.unused !== undefined) parts.onEvent({ type: 'persist-failed', code: ended.error.code })
  }
  checkNews(ended, since)
  await remember(parts, state, record, { views: ++state.views, error: undefined })
  checkEpoch(state, epoch)
  const failure = failureOf(ended)
  if (failure !== undefined) throw failure
  if (record === undefined) throw new OAuthError('signed_out', {})
  state.cooling.clear()
  return landed(parts, ended, record)
}

function landed(parts: SessionParts, ended: Ended, { tokens }: StoredRecord): Landed {
  const how = ended.kind === 'served' ? ended.how : 'refreshed'
  if (how !== 'found') {
    parts.onEvent({ type: how, ...(tokens.expiresAt !== undefined && { expiresAt: tokens.expiresAt }) })
  }
  return { tokens, asked: how !== 'found' }
}

function failureOf(ended: Ended): OAuthError | undefined {
  if (ended.kind === 'failed') return ended.error
  return ended.kind === 'unsaved' ? ended.failure : undefined
}

/** An answer that nobody waits for any more, in the same way. */
async function landLate(parts: SessionParts, state: SessionState, ended: Promise<Ended>, since: Since): Promise<void> {
  state.late++
  try {
    const late = await ended
    if (late.kind !== 'failed' || late.unused !== undefined) await land(parts, state, late, since)
  } catch {
    // It only repeats what those who waited were told.
  } finally {
    state.late--
  }
}

/** A failure costs nothing while the old token is still good, or somebody else has left a good one. */
async function rescued(parts: SessionParts, state: SessionState, need: Need, failure: OAuthError): Promise<Landed> {
  const { epoch } = state
  const transient = failure.code !== 'sign_in_required' && failure.code !== 'signed_out'
  if (transient && state.cooling.note(failure)) {
    parts.onEvent({ type: 'refresh-failed', code: failure.code, retryable: failure.retryable })
  }
  report(parts, state, failure)
  if (transient && lastResort(parts, state, need) === undefined) {
    await within(recall(parts, state), 'the store', parts.patience, parts.clock).catch(() => undefined)
    checkEpoch(state, epoch)
  }
  const tokens = lastResort(parts, state, need)
  if (tokens !== undefined) return { tokens, asked: false }
  throw failure
}

/** The token in memory, if it may be served at all. */
export function lastResort({ clock, policy }: SessionParts, state: SessionState, need: Need): TokenSet | undefined {
  const step = decide(state.memory, need, clock.now(), policy)
  if (step.do === 'serve') return step.tokens
  if (step.do === 'refresh' && stillServes(step.chance.tokens, need, clock.now())) return step.chance.tokens
  return undefined
}

/** Tells what failed, unless only this caller asked for more than a good token can give. */
function report(parts: SessionParts, state: SessionState, failure: OAuthError): void {
  const { memory } = state
  if (memory === undefined) return
  if (failure.code === 'sign_in_required') {
    const over = 'reason' in failure.detail && failure.detail.reason !== 'expired'
    if (!over && verdict(parts, memory) === undefined) return
    const { accessToken } = memory.record.tokens
    if (state.told !== accessToken) parts.onEvent({ type: 'signed-out', reason: 'rejected' })
    state.told = accessToken
  }
  state.error = failure.code
  parts.onChange(memory.record, failure.code)
}
