/** A fault of the lifecycle: one place in its source, and what stands there instead. */
export interface PlantedFault {
  readonly name: string
  readonly file: string
  readonly find: string
  readonly replace: string
}

/** Each of these costs a session or breaks a promise; the simulator has to say so. */
export const plantedFaults: readonly PlantedFault[] = [
  {
    name: 'no reading again under the lock',
    file: 'refresh.ts',
    find: 'await hold(parts, await held.get(parts.key))',
    replace: 'await hold(parts, round === 0 ? seen : await held.get(parts.key))',
  },
  {
    name: 'no compare-and-swap at commit',
    file: 'outcome.ts',
    find: '  if (!sameGeneration(current, presentation.record)) return current\n  const { intent: _, dead: __, ...rest } = current',
    replace: '  const { intent: _, dead: __, ...rest } = current ?? presentation.record',
  },
  {
    name: 'no intent',
    file: 'refresh.ts',
    find: 'if (!(await announce(held, key, presentation))) return undefined',
    replace: '',
  },
  {
    name: 'an intent that replaces a newer record',
    file: 'outcome.ts',
    find: 'if (!sameGeneration(current, record) || !sameIntent(current.intent, record.intent)) return current\n  if (current.dead?.hash === hash) return current\n  return { ...current,',
    replace: 'if (current === undefined) return current\n  return { ...record,',
  },
  {
    name: 'the lock is ignored',
    file: 'lock-unless.ts',
    find: 'return await store.lock(key, enter, { timeout: lockTimeout, signal: place.signal })',
    replace: 'return await enter(store)',
  },
  {
    name: 'a sign-out does not end what is under way',
    file: 'flight.ts',
    find: "if (epoch !== state.epoch) throw new OAuthError('signed_out', {})",
    replace: '',
  },
  {
    name: 'a sign-out forgets only once',
    file: 'session.ts',
    find: '    state.endings++\n    epoch = depart(state)\n    removed = current',
    replace: '    removed = current',
  },
  {
    name: 'a sign-out does not remove the record',
    file: 'session.ts',
    find: '    removed = current ?? removed\n    return undefined',
    replace: '    removed = current ?? removed\n    return current',
  },
  {
    name: 'a late commit brings a removed record back',
    file: 'outcome.ts',
    find: '  if (!sameGeneration(current, presentation.record)) return current\n  const { intent: _, dead: __, ...rest } = current',
    replace:
      '  if (current !== undefined && !sameGeneration(current, presentation.record)) return current\n  const { intent: _, dead: __, ...rest } = current ?? presentation.record',
  },
  {
    name: "a caller's abort ends the flight",
    file: 'session.ts',
    find: 'await untilAborted(join(parts, state, need), signal)',
    replace:
      'await untilAborted(join(parts, state, need), signal).catch((error: unknown) => {\n      if (signal?.aborted) depart(state)\n      throw error\n    })',
  },
  {
    name: 'the dead mark names no refresh token',
    file: 'decide.ts',
    find: 'if (dead?.hash === held.hash)',
    replace: 'if (dead !== undefined)',
  },
  {
    name: 'a refusal is not written down',
    file: 'outcome.ts',
    find: 'return { ...rest, dead: { hash: presentation.hash, at: now, error: outcome.word } }',
    replace: 'return current',
  },
  {
    name: 'a refusal removes the record',
    file: 'outcome.ts',
    find: 'return { ...rest, dead: { hash: presentation.hash, at: now, error: outcome.word } }',
    replace: 'return undefined',
  },
  {
    name: 'late answers are thrown away',
    file: 'refresh.ts',
    find: 'if (late !== undefined) parts.onLate(lateEnd(parts, presentation, late))',
    replace: '',
  },
  {
    name: 'answers that come late, or are written outside the lock, yield to nobody',
    file: 'settle.ts',
    find: 'again = shownAgain(current, presentation)',
    replace: 'again = false',
  },
  {
    name: 'unanswered presentations are not counted',
    file: 'decide.ts',
    find: 'record.intent.lost + 1 : 0',
    replace: '0 : 0',
  },
  {
    name: 'trouble counts as unanswered',
    file: 'outcome.ts',
    find: 'return withoutIntent(current, presentation)',
    replace: 'return current',
  },
  {
    name: 'an intent that could not be written stays',
    file: 'refresh.ts',
    find: 'await held.update(key, (current) => withoutIntent(current, presentation)).catch(() => undefined)',
    replace: '',
  },
  {
    name: 'tokens that could not be written are forgotten',
    file: 'flight.ts',
    find: '    state.unsaved = ended\n',
    replace: '',
  },
  {
    name: 'what could not be written overwrites what is newer',
    file: 'recall.ts',
    find: '(state.unsaved === pending ? pending.change(current) : current)',
    replace: '(state.unsaved === pending ? pending.record : current)',
  },
  {
    name: 'tokens are served before they are stored',
    file: 'settle.ts',
    find: 'stored = await store.update(key, change).catch(() => store.update(key, change))',
    replace: 'stored = change(presentation.record)\n    void store.update(key, change).catch(() => undefined)',
  },
  {
    name: 'a defective answer is thrown away',
    file: 'outcome.ts',
    find: 'return { ...rest, tokens: { ...rest.tokens, refreshToken: outcome.refreshToken } }',
    replace: 'return current',
  },
  {
    name: 'a failure takes a good token away',
    file: 'flight.ts',
    find: '  const tokens = lastResort(parts, state, need)\n  if (tokens !== undefined) return { tokens, asked: false }\n  throw failure',
    replace: '  throw failure',
  },
  {
    name: 'an old read overwrites what is newer in memory',
    file: 'recall.ts',
    find: '  if (views !== state.views) return\n',
    replace: '',
  },
  {
    name: 'a removal that was given up happens later',
    file: 'session.ts',
    find: '    late = true\n    if (epoch === state.epoch) state.unsaved = unsaved',
    replace: '    if (epoch === state.epoch) state.unsaved = unsaved',
  },
  {
    name: 'patience has no end',
    file: 'flight.ts',
    find: "within(work, 'a token', parts.patience, parts.clock)",
    replace: "within(work, 'a token', parts.patience * 50, parts.clock)",
  },
]
