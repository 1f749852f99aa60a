import type { LockOptions } from '../contracts.ts'
import { OAuthError } from '../errors.ts'
import { deadline } from './deadline.ts'

/** Runs tasks one at a time for each key, in the order they came. */
export type LockQueue = <T>(key: string, task: () => Promise<T>, options: LockOptions) => Promise<T>

type Waiter = () => void

/**
 * Makes a fair queue within this program.
 *
 * The wait is bounded, the task is not. A task that throws gives up its place like any other. A task
 * that waits for its own key again waits for itself, until `lock_timeout`.
 *
 * Errors: `lock_timeout`, `aborted`; a `TypeError` for a timeout that is none.
 */
export function lockQueue(): LockQueue {
  const waiting = new Map<string, Waiter[]>()

  function leave(key: string, waiters: Waiter[]): void {
    const next = waiters.shift()
    if (next !== undefined) next()
    else waiting.delete(key)
  }

  return async (key, task, options) => {
    checkLockOptions(options)
    let waiters = waiting.get(key)
    if (waiters === undefined) waiting.set(key, (waiters = []))
    else await turn(waiters, options)
    try {
      return await task()
    } finally {
      leave(key, waiters)
    }
  }
}

/** Refuses a wait without a bound, and one whose caller has gone already. */
export function checkLockOptions({ timeout, signal }: LockOptions): void {
  if (!(timeout >= 0)) throw new TypeError('timeout must be a number of milliseconds, 0 or more')
  if (signal?.aborted === true) throw new OAuthError('aborted', {})
}

/** What a wait for a lock ends with when its time is over. */
export function lockTimeout({ timeout }: LockOptions): () => OAuthError {
  return () => new OAuthError('lock_timeout', { after: timeout })
}

function turn(waiters: Waiter[], options: LockOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const grant = (): void => {
      lift()
      resolve()
    }
    const lift = deadline(options, lockTimeout(options), (error) => {
      waiters.splice(waiters.indexOf(grant), 1)
      reject(error)
    })
    waiters.push(grant)
  })
}
