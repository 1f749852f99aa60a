import type { Clock } from '../contracts.ts'
import { OAuthError } from '../errors.ts'

/** Settles with `work`, or rejects with `aborted` when `signal` aborts. `work` itself goes on. */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new OAuthError('aborted', {}))
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

/** Settles with `work`, or rejects with `timeout` after `ms` milliseconds. `work` itself goes on. */
export function within<T>(work: Promise<T>, what: string, ms: number, clock: Clock): Promise<T> {
  const stop = new AbortController()
  return new Promise<T>((resolve, reject) => {
    void clock.sleep(ms, stop.signal).then(() => {
      if (!stop.signal.aborted) reject(new OAuthError('timeout', { what, after: ms }))
    })
    // Any reason will do, and one that has to be made takes longer than all the rest.
    work.then(resolve, reject).finally(() => stop.abort(what))
  })
}
