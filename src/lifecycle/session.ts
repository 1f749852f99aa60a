import type { StoredRecord, TokenSet } from '../contracts.ts'
import { isOAuthError, OAuthError } from '../errors.ts'
import { cooldown } from './cooldown.ts'
import { decide } from './decide.ts'
import type { Need } from './decide.ts'
import { join, readStored, remember } from './flight.ts'
import type { Landed, SessionParts, SessionState } from './flight.ts'
import { untilAborted } from './wait.ts'

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
    unsaved: undefined,
    flight: undefined,
    endings: 0,
    cooling: cooldown(parts.clock),
  }
  return {
    atHand: (need) => atHand(parts, state, need),
    getTokens: (need, signal) => getTokens(parts, state, need, signal),
    reload: async () => {
      const record = await readStored(parts, state)
      await remember(parts, state, record)
      return record
    },
    begin: (record) => begin(parts, state, record),
    end: () => end(parts, state),
  }
}

function atHand(parts: SessionParts, state: SessionState, need: Need): TokenSet | undefined {
  if (state.memory === undefined) return undefined
  const step = decide(state.memory, need, parts.clock.now(), parts.policy)
  if (step.do !== 'serve') return undefined
  const work = step.renew || state.unsaved !== undefined
  if (work && state.flight === undefined && !state.cooling.active()) join(parts, state, need).catch(() => undefined)
  return step.tokens
}

async function getTokens(
  parts: SessionParts,
  state: SessionState,
  need: Need,
  signal?: AbortSignal,
): Promise<TokenSet> {
  if (signal?.aborted === true) throw new OAuthError('aborted', {})
  for (;;) {
    const ready = atHand(parts, state, need)
    if (ready !== undefined) return ready
    const shared = state.flight !== undefined
    const landed = await untilAborted(join(parts, state, need), signal)
    // Whoever joined a flight that others began may need more than they did.
    if (!shared || satisfies(landed, need)) return landed.tokens
  }
}

function satisfies({ tokens, asked }: Landed, need: Need): boolean {
  return asked && tokens.accessToken !== need.refused
}

async function begin(parts: SessionParts, state: SessionState, record: StoredRecord): Promise<boolean> {
  state.cooling.clear()
  state.unsaved = undefined
  try {
    await remember(parts, state, await parts.store.update(parts.key, () => record))
    return true
  } catch (error) {
    if (!isOAuthError(error)) throw error
    state.unsaved = { record, replaces: undefined }
    await remember(parts, state, record)
    parts.onEvent({ type: 'persist-failed', code: error.code })
    return false
  }
}

async function end(parts: SessionParts, state: SessionState): Promise<StoredRecord | undefined> {
  const left = state.unsaved?.record
  state.endings++
  state.flight = undefined
  state.unsaved = undefined
  state.memory = undefined
  parts.onChange(undefined, undefined)
  let removed: StoredRecord | undefined
  await parts.store.update(parts.key, (current) => {
    removed = current
    return undefined
  })
  parts.onEvent({ type: 'signed-out', reason: 'asked' })
  return removed ?? left
}
