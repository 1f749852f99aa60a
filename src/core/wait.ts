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
  const note = (): void => void (settled = true)
  work.then(note, note)
  // What memory answers is there after a few turns, and setting a timer takes longer.
  for (let turns = 8; turns--; ) {
    if (settled) return work
    await undefined
  }
  const stop = new AbortController()
  const limit = clock.sleep(ms, stop.signal).then(() => {
    if (settled) return work
    throw new OAuthError('timeout', { what, after: ms })
  })
  // Any reason will do, and one that has to be made takes longer than all the rest.
  return Promise.race([work, limit]).finally(() => stop.abort(what))
}
