import type { Clock } from '../contracts.ts'

/** A clock that a test can move. It is a `Clock`, so that a client and a server can share one. */
export interface TestClock extends Clock {
  /** Moves time by `ms` milliseconds (backwards when negative) and wakes every sleeper whose time has come. */
  advance(ms: number): void
}

interface Sleeper {
  readonly wakeAt: number
  readonly wake: () => void
}

/**
 * Gives a clock that runs on with `base` and can be moved besides.
 *
 * `sleep` waits for real time or for {@link TestClock.advance}, whichever is there first.
 *
 * @example
 * ```ts
 * const clock = testClock()
 * clock.advance(3_600_000)   // an hour later
 * ```
 */
export function testClock(base: Pick<Clock, 'now'> = Date): TestClock {
  return movableClock(() => base.now(), true)
}

/**
 * Gives a clock that stands still until it is moved. Nothing waits for real time, so a test decides the order.
 *
 * A `sleep` that nobody's `advance` reaches never ends: give it a signal, or move on.
 *
 * @example
 * ```ts
 * const clock = manualClock()
 * const server = createAuthorizationServer({ clock })
 * const client = createClient({ provider, clock, fetch: server.fetch })
 * clock.advance(3_600_000)
 * ```
 */
export function manualClock(startAt: number = Date.UTC(2026, 0, 1)): TestClock {
  return movableClock(() => startAt, false)
}

function movableClock(base: () => number, runs: boolean): TestClock {
  const sleepers = new Set<Sleeper>()
  let offset = 0
  const now = (): number => base() + offset
  return {
    now,
    advance(ms) {
      if (!Number.isFinite(ms)) throw new TypeError('A clock is moved by a finite number of milliseconds.')
      offset += ms
      for (const sleeper of sleepers) if (sleeper.wakeAt <= now()) sleeper.wake()
    },
    sleep(ms, signal) {
      if (signal?.aborted === true || ms <= 0) return Promise.resolve()
      return new Promise((resolve) => {
        const wake = (): void => {
          if (!sleepers.delete(sleeper)) return
          clearTimeout(timer)
          signal?.removeEventListener('abort', wake)
          resolve()
        }
        const sleeper: Sleeper = { wakeAt: now() + ms, wake }
        const timer = runs ? setTimeout(wake, ms) : undefined
        sleepers.add(sleeper)
        signal?.addEventListener('abort', wake)
      })
    },
  }
}
