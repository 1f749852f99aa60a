import type { Rotation, StoredRecord, TokenSet } from '../../../src/contracts.ts'
import { isOAuthError } from '../../../src/errors.ts'
import type { createSession, Session } from '../../../src/lifecycle/session.ts'
import { createJudge } from './judge.ts'
import type { Counts, Judge } from './judge.ts'
import { network, tokensOf } from './network.ts'
import { createScheduler, quiet } from './scheduler.ts'
import type { Actor, Scheduler } from './scheduler.ts'
import { lineage, serverModel } from './server-model.ts'
import type { ServerModel, ServerRotation } from './server-model.ts'
import { sharedStore } from './shared-store.ts'
import type { SharedStore } from './shared-store.ts'
import type { Tape } from './tape.ts'

/** What is being tried: the real thing, or one with a fault planted. */
export interface Lifecycle {
  readonly createSession: typeof createSession
}

/** How a schedule went. */
export interface Verdict {
  readonly defects: readonly string[]
  readonly counts: Counts
  readonly trace: readonly string[]
}

/** One client in one process. */
export interface Context {
  readonly actor: Actor
  readonly process: number
  readonly session: Session
  /** Access tokens that callers were given here. */
  readonly given: string[]
  /** Families whose sign-out was completed here. */
  readonly ended: Set<number>
  open: number
  /** Which access token was stored when the oldest open call began. */
  found: string | undefined
}

/** Everything there is in one schedule. */
export interface World {
  readonly tape: Tape
  readonly scheduler: Scheduler
  readonly server: ServerModel
  readonly store: SharedStore
  readonly judge: Judge
  readonly policy: Rotation
  readonly breaksLocks: boolean
  readonly kills: boolean
  readonly processes: number
  contexts: Context[]
  troubled: boolean
  /** By how much time was moved, beside its own pace. */
  jumped: number
  readonly open: (process: number) => Context
}

export const patience = 100_000

const startAt = 1_800_000_000_000

const rotations: readonly { readonly server: ServerRotation; readonly client: Rotation }[] = [
  { server: 'strict', client: 'unknown' },
  { server: 'strict', client: 'strict' },
  { server: 'none', client: 'none' },
  { server: 'grace', client: 'grace' },
  { server: 'until-first-use', client: 'until-first-use' },
  { server: 'previous-generation', client: 'grace' },
  { server: 'until-first-use', client: 'unknown' },
  { server: 'none', client: 'unknown' },
]

/** Builds the world of a schedule. Every property of it is drawn. */
export function createWorld(tape: Tape, lifecycle: Lifecycle): World {
  const scheduler = createScheduler(tape, startAt)
  const rotation = rotations[tape.pick(rotations.length)] ?? { server: 'strict', client: 'strict' }
  const server = serverModel(rotation.server, !tape.chance(0.2))
  const judge = createJudge(
    rotation.server !== 'none',
    rotation.client === 'unknown' || rotation.client === 'strict',
    (actor) => store.faults(actor),
  )
  const processes = 1 + tape.pick(3)
  const solitary = processes === 1 && tape.chance(0.5)
  const kind = tape.pick(4)
  const store = sharedStore(scheduler, tape, {
    solitary,
    updatesWait: kind >= 2,
    fenced: tape.chance(0.5),
    sickness: tape.chance(0.25) ? 0.08 : 0,
    stale: tape.chance(0.5) ? 10_000 : 0,
    watches: kind % 2 === 1,
    onWrite: judge.writes,
    onLeave: (held) => judge.count(held ? 'leaves with the lock just given' : 'leaves the queue'),
  })
  const trouble = [0, 0.15, 0.4][tape.pick(3)] ?? 0
  let names = 0
  const world: World = {
    tape,
    scheduler,
    server,
    store,
    judge,
    policy: rotation.client,
    breaksLocks: !solitary && tape.chance(0.15),
    kills: !solitary && tape.chance(0.4),
    processes,
    contexts: [],
    troubled: true,
    jumped: 0,
    open(process) {
      const actor: Actor = { name: `client ${++names}`, alive: true }
      const context: Context = {
        actor,
        process,
        given: [],
        ended: new Set(),
        open: 0,
        found: undefined,
        session: lifecycle.createSession({
          store: store.view(actor),
          key: 'slot',
          clock: scheduler.clock(actor),
          policy: { rotation: rotation.client, refreshBefore: 300_000, issuer: 'https://id.example.com' },
          owner: actor.name,
          lockTimeout: 30_000,
          patience,
          fingerprint: async (record) => `h.${record.tokens.refreshToken ?? record.tokens.accessToken}`,
          present: network(
            { scheduler, tape, server, store, judge, trouble: () => (world.troubled ? trouble : 0) },
            actor,
          ),
          discard: (record) => revoke(world, actor, record),
          onChange: () => undefined,
          onEvent({ type }) {
            judge.count(type)
            if (type === 'persist-failed') judge.holding.add(actor)
          },
        }),
      }
      return context
    },
  }
  world.contexts = Array.from({ length: processes + tape.pick(2) }, (_, index) => world.open(index % processes))
  return world
}

async function revoke(world: World, actor: Actor, record: StoredRecord): Promise<void> {
  await world.scheduler.step(actor, 'revokes')
  if (record.tokens.refreshToken !== undefined) world.server.revoke(record.tokens.refreshToken)
}

/** Signs in, all the way. */
export async function signIn(world: World, { session }: Context): Promise<void> {
  const granted = world.server.signIn()
  const { family } = lineage(granted.refreshToken)
  world.judge.begins(family)
  const saved = await session.begin({
    tokens: tokensOf(granted, world.scheduler.now()),
    issuer: 'https://id.example.com',
  })
  world.judge.began(family, saved)
}

/** Signs out, all the way. */
export async function signOut(world: World, context: Context): Promise<void> {
  const { judge } = world
  judge.ending(context.actor, true)
  // Who signs in later is not signed out by this.
  const families = judge.families()
  const record = await context.session.end().finally(() => judge.ending(context.actor, false))
  for (const family of families) if (judge.signedOut.has(family)) context.ended.add(family)
  if (record !== undefined) await revoke(world, context.actor, record)
}

/** Asks for a token, and judges what comes. */
export async function call(
  world: World,
  context: Context,
  need: Parameters<Session['getTokens']>[0],
  signal?: AbortSignal,
): Promise<TokenSet | undefined> {
  const { judge, scheduler, store } = world
  const startedAt = scheduler.now() - world.jumped
  const reads = store.reads(context.actor)
  if (context.open++ === 0) context.found = store.peek()?.tokens.accessToken
  try {
    const tokens = await context.session.getTokens(need, signal)
    judge.count('calls served')
    const { family } = lineage(tokens.accessToken)
    if (context.ended.has(family) && !judge.unsaved.has(family)) judge.defect('a token is returned after its sign-out')
    if (!judge.stored.has(tokens.accessToken) && !judge.holding.has(context.actor)) {
      judge.defect('a token is returned that was never stored')
    }
    if (tokens.accessToken === need.refused) judge.defect('a refused token is returned')
    context.given.push(tokens.accessToken)
    return tokens
  } catch (error) {
    if (!isOAuthError(error)) throw error
    judge.count(`calls failed: ${error.code}`)
    scheduler.trace.push(`${context.actor.name} is told ${error.code} ${JSON.stringify(error.detail)}`)
    if (error.code === 'signed_out' && !judge.departed()) judge.defect('a caller is told of a sign-out that never was')
    const slow = scheduler.now() - world.jumped - startedAt >= patience
    // Whoever joins a flight may be told what that has read before.
    const looked = store.reads(context.actor) > reads
    if (
      looked &&
      !slow &&
      !isExcused(world, context, error.code) &&
      isPlain(need) &&
      hadGoodToken(world, context.found)
    ) {
      judge.defect(`a good token is not served (${error.code})`)
    }
    return undefined
  } finally {
    context.open--
    if (scheduler.now() - world.jumped - startedAt > 4 * patience) judge.defect('a caller waits without bound')
  }
}

/** Whether a caller may be turned away at such a time, whatever is stored. */
function isExcused({ store }: World, { actor }: Context, code: string): boolean {
  return ['aborted', 'signed_out', 'timeout'].includes(code) || store.faults(actor) > 0
}

function isPlain({ force, refused, minValidity }: Parameters<Session['getTokens']>[0]): boolean {
  return !force && refused === undefined && minValidity === 0
}

/** Whether the store holds what it held before, and that is good. */
function hadGoodToken({ store, scheduler }: World, before: string | undefined): boolean {
  const { accessToken, expiresAt = 0 } = store.peek()?.tokens ?? {}
  return accessToken !== undefined && accessToken === before && expiresAt - scheduler.now() > 60_000
}

/** Lets everything come to rest. */
export async function settleDown(world: World): Promise<void> {
  await quiet()
  for (let turns = 0; await world.scheduler.turn(); turns++) {
    if (turns > 20_000) {
      world.judge.defect('it does not come to rest')
      return
    }
  }
}
