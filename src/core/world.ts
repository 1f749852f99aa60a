import type { Clock, Fetch } from '../contracts.ts'

/** What a request needs of the world around it. */
export interface World {
  readonly fetch: Fetch
  readonly clock: Clock
  /** The longest wait for one answer, its body included, in milliseconds. */
  readonly timeout: number
  /** Permits `http:` for loopback hosts. */
  readonly allowInsecureLoopback: boolean
}

/** Real time. */
export const realClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted === true) return resolve()
      const done = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      signal?.addEventListener('abort', done)
    }),
}
