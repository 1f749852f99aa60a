import { isOAuthError } from '../../../src/errors.ts'
import type { Judge } from './judge.ts'
import { lifetime, tokensOf } from './network.ts'
import { quiet } from './scheduler.ts'
import { lineage } from './server-model.ts'
import { call, createWorld, settleDown, signIn, signOut } from './simulate.ts'
import type { Context, Lifecycle, Verdict, World } from './simulate.ts'
import type { Tape } from './tape.ts'

const plain = { minValidity: 0, force: false }

/** What may happen next, by weight: the first is what happens on an empty tape. */
const actions: readonly {
  readonly weight: number
  readonly name: string
  readonly act: (world: World, context: Context) => unknown
}[] = [
  { weight: 8, name: 'asks', act: (world, context) => call(world, context, plain) },
  { weight: 3, name: 'its token ends soon', act: (world) => jump(world, lifetime * 0.95) },
  { weight: 4, name: 'its token has ended', act: (world) => jump(world, lifetime) },
  { weight: 3, name: 'forces', act: (world, context) => call(world, context, { minValidity: 0, force: true }) },
  {
    weight: 2,
    name: 'needs ten minutes',
    act: (world, context) => call(world, context, { minValidity: 600_000, force: false }),
  },
  { weight: 2, name: 'was refused', act: (world, context) => callRefused(world, context) },
  { weight: 2, name: 'asks and aborts', act: (world, context) => callAndAbort(world, context) },
  { weight: 2, name: 'reads again', act: (_, context) => context.session.reload() },
  { weight: 1, name: 'signs in', act: (world, context) => signIn(world, context) },
  { weight: 1, name: 'signs out', act: (world, context) => signOut(world, context) },
  { weight: 2, name: 'ten seconds pass', act: (world) => jump(world, 10_000) },
  { weight: 1, name: 'the clock is set back', act: (world) => jump(world, -120_000) },
  { weight: 2, name: 'is killed', act: (world, context) => kill(world, context) },
  { weight: 1, name: 'sees another program refresh', act: (world) => meddle(world) },
  { weight: 2, name: 'loses the lock', act: (world) => breakLock(world) },
]

const weights = actions.flatMap(({ weight }, index) => Array.from({ length: weight }, () => index))

/** Runs one schedule from its beginning to its judgement. */
export async function runSchedule(tape: Tape, lifecycle: Lifecycle): Promise<Verdict> {
  const world = createWorld(tape, lifecycle)
  const { judge, scheduler } = world
  const [first] = world.contexts
  if (first === undefined) throw new TypeError('There is no context.')
  watch(world, signIn(world, first))
  await settleDown(world)
  for (let left = 6 + tape.pick(14); left > 0; ) {
    await quiet()
    if (scheduler.ready() === 0 || tape.chance(0.25)) {
      act(world)
      left--
    } else await scheduler.turn()
  }
  await settleDown(world)
  await judgeEnd(world)
  return { defects: [...new Set(judge.defects)], counts: judge.counts, trace: scheduler.trace }
}

function act(world: World): void {
  const { tape, contexts, scheduler } = world
  const index = weights[tape.pick(weights.length)] ?? 0
  const context = contexts[tape.pick(contexts.length)]
  const action = actions[index]
  if (context === undefined || action === undefined) return
  scheduler.trace.push(`-- ${context.actor.name}: ${action.name}`)
  watch(world, Promise.resolve(action.act(world, context)))
}

/** A failure of ours is expected anywhere; any other is a defect. */
function watch(world: World, work: Promise<unknown>): void {
  work.catch((error: unknown) => {
    if (!isOAuthError(error)) world.judge.defect(`it throws: ${String(error)}`)
  })
}

function jump(world: World, ms: number): void {
  world.scheduler.pass(ms)
  world.jumped += ms
}

async function callRefused(world: World, context: Context): Promise<void> {
  const refused = context.given.at(-1)
  await call(world, context, refused === undefined ? plain : { ...plain, refused })
}

async function callAndAbort(world: World, context: Context): Promise<void> {
  const abort = new AbortController()
  const called = call(world, context, plain, abort.signal)
  await world.scheduler.step(context.actor, 'aborts')
  abort.abort()
  await called
}

/** A process dies between any two steps, and another takes its place. */
function kill(world: World, { process }: Context): void {
  if (!world.kills) return
  world.judge.count('kills')
  const dead = world.contexts.filter((context) => context.process === process)
  for (const { actor } of dead) {
    world.scheduler.kill(actor)
    world.store.bury(actor)
  }
  world.contexts = world.contexts.filter((context) => context.process !== process)
  for (const _ of dead) world.contexts.push(world.open(process))
}

/** Another program, which keeps what it does not know, refreshes or signs in while nobody holds the lock. */
function meddle({ store, server, scheduler, judge }: World): void {
  const record = store.peek()
  const refreshToken = record?.tokens.refreshToken
  if (
    record === undefined ||
    refreshToken === undefined ||
    store.locked() ||
    judge.presentations.some(({ open }) => open)
  )
    return
  const signsIn = server.isRevoked(refreshToken) || record.dead !== undefined
  const verdict = signsIn ? undefined : server.present(refreshToken, scheduler.now())
  if (verdict?.kind === 'refused') return
  const granted = verdict?.granted ?? server.signIn()
  if (signsIn) judge.begins(lineage(granted.refreshToken).family)
  judge.count(signsIn ? 'another program signs in' : 'another program refreshes')
  store.poke({ ...record, tokens: tokensOf(granted, scheduler.now()) })
  if (signsIn) judge.began(lineage(granted.refreshToken).family, true)
}

function breakLock(world: World): void {
  if (!world.breaksLocks || !world.store.breakLock()) return
  world.judge.lockBroken = true
  world.judge.count('locks broken')
}

/** With a healthy world, whoever lives says what they hold; then a newcomer must be able to go on. */
async function judgeEnd(world: World): Promise<void> {
  const { judge, store, contexts } = world
  if (contexts.some((context) => context.open > 0)) judge.defect('a caller never settles')
  world.troubled = false
  world.scheduler.calm()
  store.heal()
  jump(world, 120_000)
  for (const context of contexts) {
    watch(world, call(world, context, plain))
    await settleDown(world)
  }
  const record = store.peek()
  if (record === undefined) {
    judge.count('ends signed out')
    return
  }
  const wasted = judge.presentations.some(
    ({ brought, committed, lost, late, actor, refreshToken }, index) =>
      brought !== undefined &&
      (!lost || late) &&
      !committed &&
      actor.alive &&
      // What comes after its client has signed out is revoked, though the store may not have let it go.
      !judge.departs(actor) &&
      refreshToken === record.tokens.refreshToken &&
      !(world.policy === 'until-first-use' && isShownAfter(judge, index)),
  )
  if (wasted && world.server.rotation !== 'none') judge.defect('an answer is thrown away')
  const newcomer = world.open(world.processes)
  let lost = true
  watch(
    world,
    call(world, newcomer, { minValidity: 0, force: true }).then((tokens) => {
      lost = tokens === undefined
    }),
  )
  await settleDown(world)
  if (newcomer.open > 0) judge.defect('a caller never settles')
  if (!lost) {
    judge.count('ends signed in')
    return
  }
  const cause = causeOfLoss(world, lineage(record.tokens.refreshToken ?? '').family)
  judge.count(`ends lost: ${cause}`)
  if (cause === 'no reason') judge.defect('a session is lost for no reason')
}

/** Whether a refresh token was shown again since: that may have ended what was brought, and it is good until that is used. */
function isShownAfter({ presentations }: Judge, index: number): boolean {
  return presentations.slice(index + 1).some(({ refreshToken }) => refreshToken === presentations[index]?.refreshToken)
}

/** Why the session of this family is over. */
function causeOfLoss({ judge, server, policy }: World, family: number): string {
  const ours = judge.presentations.filter(({ refreshToken }) => lineage(refreshToken).family === family)
  if (judge.lockBroken) return 'lock broken'
  const forgiving =
    server.rotation === 'none' || server.rotation === 'until-first-use' || server.rotation === 'previous-generation'
  const unlimited = policy !== 'strict' && policy !== 'unknown'
  const lost = ours.filter(({ lost: unanswered, committed, actor }) => unanswered || (!committed && !actor.alive))
  const announced = judge.announced().filter((refreshToken) => lineage(refreshToken).family === family)
  if (!unlimited && lost.length + announced.length >= 2) return 'two answers lost'
  if (judge.departed() && judge.unsaved.has(family)) return 'signed out while the store failed'
  const revoked = ours.filter(({ brought, lost: unanswered, late }) => brought !== undefined && (!unanswered || late))
  if (revoked.some(({ committed, actor }) => !committed && judge.departs(actor)))
    return 'signed out while the store failed'
  if (forgiving) return 'no reason'
  const reuse = ours.find((presentation) => presentation.reuse !== undefined && presentation.reuse !== 'defect')?.reuse
  if (reuse !== undefined) return reuse
  const vanished = ours.filter(({ accepted, committed }) => accepted && !committed)
  if (vanished.some(({ lost: unanswered }) => unanswered)) return 'answer lost'
  if (vanished.some(({ actor }) => !actor.alive)) return 'owner killed'
  return 'no reason'
}
