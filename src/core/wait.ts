import type { Clock } from '../contracts.ts'
import { OAuthError } from '../errors.ts'

/** Settles with `work`, or rejects with `aborted` when `signal` aborts. `work` itself goes on. */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new OAuthError('aborted', {}))
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort)
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

/** Settles with `work`, or rejects with `timeout` after `ms` milliseconds. `work` itself goes on. */
export async function within<T>(work: Promise<T>, what: string, ms: number, clock: Clock): Promise<T> {
  let settled = false
  let lift = (): void => undefined
  const note = (): void => {
    settled = true
    lift()
  }
  work.then(note, note)
  // What memory answers is there after a few turns, and setting a timer takes longer.
  for (let turns = 8; turns-- && !settled; ) await undefined
  if (settled) return work
  return new Promise((resolve, reject) => {
    work.then(resolve, reject)
    const late = (): void => void (settled || reject(new OAuthError('timeout', { what, after: ms })))
    const stop = new AbortController()
    // Any reason will do, and one that has to be made takes longer than all the rest.
    lift = () => stop.abort(what)
    clock.sleep(ms, stop.signal).then(late, reject)
  })
}
