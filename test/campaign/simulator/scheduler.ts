import type { Clock } from '../../../src/contracts.ts'
import type { Tape } from './tape.ts'

/** Somebody who takes steps, until it is killed. */
export interface Actor {
  readonly name: string
  alive: boolean
}

/** Owns time, and the order in which everything happens. */
export interface Scheduler {
  now(): number
  /** Resolves when the scheduler lets `actor` take this step: never, once it is dead. */
  step(actor: Actor, label: string): Promise<void>
  clock(actor: Actor): Clock
  /** Moves time without waking anybody before their time has come. */
  pass(ms: number): void
  kill(actor: Actor): void
  /** How many steps could be taken now. */
  ready(): number
  /** Takes one of them, or wakes the next sleeper. Says whether anything happened. */
  turn(): Promise<boolean>
  /** From now on nobody sleeps through while others could go on. */
  calm(): void
  /** What happened, for people. */
  readonly trace: string[]
}

interface Waiting {
  readonly actor: Actor
  readonly label: string
  readonly go: () => void
}

interface Sleeper extends Waiting {
  readonly at: number
}

/** Makes a scheduler whose choices come from `tape`. */
export function createScheduler(tape: Tape, startAt: number): Scheduler {
  let time = startAt
  let waiting: Waiting[] = []
  let sleeping: Sleeper[] = []
  let calm = false
  const trace: string[] = []

  function take({ actor, label, go }: Waiting): void {
    trace.push(`${time - startAt} ${actor.name} ${label}`)
    go()
  }

  function wake(): boolean {
    const [next] = sleeping.toSorted((a, b) => a.at - b.at)
    if (next === undefined) return false
    time = Math.max(time, next.at)
    sleeping = sleeping.filter((sleeper) => sleeper !== next)
    take(next)
    return true
  }

  function sleep(actor: Actor, ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) return resolve()
      const sleeper: Sleeper = { actor, label: `slept ${ms}`, at: time + ms, go: resolve }
      if (actor.alive) sleeping.push(sleeper)
      signal?.addEventListener('abort', () => {
        sleeping = sleeping.filter((other) => other.go !== resolve)
        resolve()
      })
    })
  }

  return {
    trace,
    now: () => time,
    step: (actor, label) =>
      new Promise((resolve) => {
        if (actor.alive) waiting.push({ actor, label, go: resolve })
      }),
    clock: (actor) => ({ now: () => time, sleep: (ms, signal) => sleep(actor, ms, signal) }),
    pass(ms) {
      time += ms
      // Sleepers sleep by a clock that nobody can set back.
      if (ms < 0) sleeping = sleeping.map((sleeper) => ({ ...sleeper, at: sleeper.at + ms }))
    },
    kill(actor) {
      actor.alive = false
      waiting = waiting.filter((other) => other.actor !== actor)
      sleeping = sleeping.filter((other) => other.actor !== actor)
    },
    ready: () => waiting.length,
    calm() {
      calm = true
    },
    async turn() {
      // A wait may end while others could go on: that is what makes a timeout.
      const early = !calm && waiting.length > 0 && sleeping.length > 0 && tape.chance(0.03)
      if (waiting.length === 0 || early) {
        if (!wake()) return false
      } else {
        const [next] = waiting.splice(tape.pick(waiting.length), 1)
        if (next !== undefined) take(next)
      }
      await quiet()
      return true
    },
  }
}

/** Resolves when every promise has run its course that waits for nobody outside. */
export function quiet(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
