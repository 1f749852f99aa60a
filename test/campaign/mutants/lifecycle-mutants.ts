import { inFile } from './mutant.ts'
import type { Mutant } from './mutant.ts'

const lifecycle = 'test/suites/lifecycle'
const decisions = `${lifecycle}/decide.test.ts`
const outcomes = `${lifecycle}/outcome.test.ts`
const promises = `${lifecycle}/promises.test.ts`
const guards = 'test/suites/client/lifecycle-guards.test.ts'
/** Schedules drawn at random notice what only an unlucky order of events shows. */
const simulated = 'test/node/simulator.test.ts'
const leaving = `${lifecycle}/leaving-the-queue.test.ts`
const signOut = 'test/suites/client/sign-out.test.ts'
const getToken = 'test/suites/client/get-token.test.ts'

/** What keeps a session through races, crashes and lost answers. */
export const lifecycleMutants: readonly Mutant[] = [
  ...inFile(
    'src/lifecycle/outcome.ts',
    [outcomes, promises],
    [
      {
        name: 'a commit overwrites another generation',
        find: 'if (!sameGeneration(current, presentation.record)) return current\n',
        replace: 'if (current === undefined) return current\n',
      },
      {
        name: 'a commit brings a removed record back',
        find: 'if (!sameGeneration(current, presentation.record)) return current\n  const { intent: _, dead: __, ...rest } = current\n',
        replace:
          'if (current !== undefined && !sameGeneration(current, presentation.record)) return current\n  const { intent: _, dead: __, ...rest } = current ?? presentation.record\n',
      },
      {
        name: 'an intent overwrites another generation',
        find: '!sameGeneration(current, record) || !sameIntent(current.intent, record.intent)',
        replace: 'current === undefined || !sameIntent(current.intent, record.intent)',
      },
      {
        name: 'an intent overwrites the intent of another',
        find: '!sameGeneration(current, record) || !sameIntent(current.intent, record.intent)',
        replace: '!sameGeneration(current, record)',
      },
      {
        name: 'any refusal ends the session',
        find: "word === 'invalid_grant' || terminalErrors.includes(word)",
        replace: "error.code === 'authorization_failed'",
      },
      {
        name: 'an answer that cannot be read counts as none that was given',
        find: "if (error.code === 'invalid_response') return (error.detail.status ?? 200) < 300",
        replace: '',
        tests: [outcomes, promises],
      },
      {
        name: 'an answer is kept that showing the refresh token again has ended',
        find: 'return fragile === true && shownAgain',
        replace: 'return fragile === undefined && shownAgain',
      },
      {
        name: 'an answer is dropped because of what was announced before it',
        find: ' && !sameIntent(current.intent, record.intent)',
        replace: '',
      },
      {
        name: 'a refusal is not written down',
        find: 'return { ...rest, dead: { hash: presentation.hash, at: now, error: outcome.word } }',
        replace: 'return current',
      },
      {
        name: 'a refusal removes the record',
        find: 'return { ...rest, dead: { hash: presentation.hash, at: now, error: outcome.word } }',
        replace: 'return undefined',
      },
      {
        name: 'the refresh token of a defective answer is lost',
        find: 'return { ...rest, tokens: { ...rest.tokens, refreshToken: outcome.refreshToken } }',
        replace: 'return current',
      },
    ],
  ),
  ...inFile(
    'src/lifecycle/decide.ts',
    [decisions],
    [
      {
        name: 'the dead mark names no refresh token',
        find: 'if (dead?.hash === held.hash)',
        replace: 'if (dead !== undefined)',
      },
      {
        name: 'a dead refresh token is shown again',
        find: "if (dead?.hash === held.hash) return signIn('rejected', dead.error)",
        replace: '',
      },
      { name: 'unanswered presentations are not counted', find: 'record.intent.lost + 1 : 0', replace: '0 : 0' },
      {
        name: 'an intent counts against any refresh token',
        find: 'record.intent?.hash === hash ?',
        replace: 'record.intent !== undefined ?',
      },
      {
        name: 'a refresh token is shown as often as it takes',
        find: "if (lost >= presentations[policy.rotation]) return signIn('ambiguous')",
        replace: '',
      },
      {
        name: 'a risky repeat does not wait for the end of the good token',
        find: "lost > 0 && policy.rotation === 'strict'",
        replace: "lost > 9 && policy.rotation === 'strict'",
      },
      {
        name: 'tokens of another issuer are served',
        find: 'if (record.issuer !== undefined && record.issuer !== policy.issuer) {',
        replace: "if (record.issuer === '') {",
      },
      {
        name: 'tokens of another client id are served',
        find: 'policy.clientId !== undefined && record.clientId !== policy.clientId',
        replace: "policy.clientId === ''",
      },
    ],
  ),
  ...inFile(
    'src/lifecycle/refresh.ts',
    [promises],
    [
      {
        name: 'the record is not read again under the lock',
        find: 'await hold(parts, await held.get(parts.key))',
        replace: 'await hold(parts, round === 0 ? seen : await held.get(parts.key))',
      },
      {
        name: 'no intent is written before the request',
        find: 'if (!(await announce(held, key, presentation))) return undefined',
        replace: '',
      },
      {
        name: 'an intent that could not be written stays',
        find: 'await held.update(key, (current) => withoutIntent(current, presentation)).catch(() => undefined)',
        replace: '',
      },
      {
        name: 'nobody looks for what a sibling has left',
        find: "if (ended.kind !== 'failed' || !isUnsettled(ended.error, ended.record, clock.now())) return ended",
        replace: 'if (clock.now() > 0) return ended',
      },
      {
        name: 'an answer that comes late is not committed',
        find: 'if (late !== undefined) parts.onLate(lateEnd(parts, presentation, late))',
        replace: '',
        tests: [getToken],
      },
      {
        name: 'a waiter leaves with a token that is about to be replaced',
        find: 'if (record?.intent !== undefined) return undefined',
        replace: '',
        tests: [leaving],
      },
      {
        name: 'a waiter leaves with what it came with',
        find: "return adopted && step.do === 'serve' ? concluded",
        replace: "return step.do === 'serve' ? concluded",
        tests: [leaving],
      },
      {
        name: 'a waiter leaves with what is of no use',
        find: "return adopted && step.do === 'serve' ? concluded",
        replace: 'return adopted ? concluded',
        tests: [leaving],
      },
      {
        name: 'a flight goes on with the session of a later sign-in',
        find: "if (!parts.current()) return { kind: 'overtaken', unused }",
        replace: '',
        tests: [guards],
      },
    ],
  ),
  ...inFile(
    'src/lifecycle/lock-unless.ts',
    [leaving],
    [
      {
        name: 'what a broken lock says is believed',
        find: 'const ended = begun ?? found',
        replace: 'const ended = found',
        tests: [promises],
      },
      {
        name: 'the lock is ignored',
        find: 'return await store.lock(key, enter, { timeout: lockTimeout, signal: place.signal })',
        replace: 'return await enter(store)',
        tests: [promises],
      },
      {
        name: 'nobody listens while they wait',
        find: 'deafen = store.watch(key, lookAgain)',
        replace: 'deafen()',
      },
      { name: 'who has what they need waits on', find: '    place.abort(key)\n', replace: '' },
      {
        name: 'what was seen before the lock counts under it',
        find: 'return (begun ??= task(held))',
        replace: 'return (begun ??= found === undefined ? task(held) : Promise.resolve(found))',
      },
      {
        name: 'who is given the lock while they look leaves all the same',
        find: 'if (seen === undefined || !waiting) return',
        replace: 'if (seen === undefined) return',
      },
      { name: 'a free lock is waited for with a hint', find: 'let turns = 16', replace: 'let turns = 0' },
      {
        name: 'who waits no more listens on',
        find: 'if (waiting) deafen()',
        replace: '',
      },
    ],
  ),
  ...inFile(
    'src/lifecycle/session.ts',
    [getToken],
    [
      {
        name: "a caller's abort ends the refresh",
        find: 'await untilAborted(join(parts, state, need), signal)',
        replace:
          'await untilAborted(join(parts, state, need), signal).catch((error: unknown) => {\n      if (signal?.aborted) depart(state)\n      throw error\n    })',
        tests: [getToken, promises],
      },
      {
        name: 'a sign-out does not remove the record',
        find: '    removed = current ?? removed\n    return undefined',
        replace: '    removed = current ?? removed\n    return current',
        tests: [signOut],
      },
      {
        name: 'a sign-out lets pass what began while it waited for the store',
        find: '    epoch = depart(state)\n    removed = current ?? removed\n',
        replace: '    removed = current ?? removed\n',
        tests: [promises],
      },
      {
        name: 'what a store removed twice is not revoked',
        find: 'current ?? removed',
        replace: 'current',
        tests: ['test/suites/client/signed-out-twice.test.ts'],
      },
      {
        name: 'a sign-in that is known to be written is written again after a sign-out elsewhere',
        find: 'if (landed && state.unsaved?.record === record) state.unsaved = undefined',
        replace: '',
        tests: ['test/suites/client/landed-late.test.ts'],
      },
      {
        name: 'a sign-in whose writing is answered late counts as not written',
        find: 'landed || (found !== undefined',
        replace: '(found !== undefined',
        tests: ['test/suites/client/landed-late.test.ts'],
      },
      {
        name: 'what a sign-out has removed that failed is not revoked by the next',
        find: '    state.left = removed\n',
        replace: '',
        tests: ['test/suites/client/signed-out-after-failure.test.ts'],
      },
      {
        name: 'each whose token was refused asks for themselves',
        find: 'asked && (again || ',
        replace: 'asked && (',
        tests: ['test/suites/client/same-token-again.test.ts'],
      },
      {
        name: 'a sign-out while a lock is let go is overlooked',
        find: '() => recall(parts, state).catch(() => undefined),',
        replace: '() => undefined,',
        tests: [`${lifecycle}/told-once.test.ts`],
      },
    ],
  ),
  ...inFile(
    'src/lifecycle/flight.ts',
    [promises],
    [
      {
        name: 'the end of a session is told with each call',
        find: 'if (state.told !== accessToken) parts',
        replace: 'parts',
        tests: [`${lifecycle}/told-once.test.ts`],
      },
      {
        name: 'a sign-out does not end what is under way',
        find: "if (epoch !== state.epoch) throw new OAuthError('signed_out', {})",
        replace: '',
        tests: [simulated],
        slow: true,
      },
      {
        name: 'tokens that a sign-out has overtaken are not revoked',
        find: 'if (ended.unused !== undefined && (signedOut || endings !== state.endings)) await parts.discard(ended.unused)',
        replace: '',
        tests: [promises, signOut],
      },
      {
        name: 'tokens that could not be written are forgotten',
        find: '    state.unsaved = ended\n',
        replace: '',
        tests: [promises],
      },
      {
        name: 'every caller begins a flight',
        find: 'if (state.flight !== undefined) return state.flight',
        replace: '',
        tests: [guards],
      },
      {
        name: 'a server that asks for patience is asked again',
        find: "if (step.do !== 'fail') state.cooling.check()",
        replace: '',
      },
      {
        name: 'a failure takes a good token away',
        find: '  const tokens = lastResort(parts, state, need)\n  if (tokens !== undefined) return { tokens, asked: false }\n  throw failure',
        replace: '  throw failure',
        tests: [guards],
      },
      {
        name: 'patience has no end',
        find: "'a token', parts.patience, parts.clock)",
        replace: "'a token', parts.patience + 1e9, parts.clock)",
      },
    ],
  ),
  ...inFile(
    'src/lifecycle/cooldown.ts',
    [promises],
    [
      {
        name: 'the time that a server names is not kept',
        find: 'if (retryAt !== undefined) ordered =',
        replace: 'if (retryAt === 0) ordered =',
      },
      {
        name: 'early refreshes that fail follow each other at once',
        find: 'active: () => lasts(pause, clock.now()),',
        replace: 'active: () => false,',
        tests: [guards],
      },
    ],
  ),
  ...inFile(
    'src/lifecycle/recall.ts',
    [promises],
    [
      {
        name: 'what could not be written overwrites what is newer',
        find: '(state.unsaved === pending ? pending.change(current) : current)',
        replace: '(state.unsaved === pending ? pending.record : current)',
        tests: [simulated],
        slow: true,
      },
      {
        name: 'an old read overwrites what is newer in memory',
        find: '  if (views !== state.views) return\n',
        replace: '',
        tests: [simulated],
        slow: true,
      },
    ],
  ),
  ...inFile(
    'src/lifecycle/settle.ts',
    [promises],
    [
      {
        name: 'tokens are served before they are stored',
        find: 'stored = await store.update(key, change).catch(() => store.update(key, change))',
        replace: 'stored = change(presentation.record)\n    void store.update(key, change).catch(() => undefined)',
      },
      {
        name: 'what is written outside the lock yields to nobody',
        find: 'unused === undefined ? settle : settleOpenly',
        replace: 'settle',
        tests: [`${lifecycle}/yields-outside.test.ts`],
      },
    ],
  ),
]
