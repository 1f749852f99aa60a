import type { LockOptions } from '../contracts.ts'
import { OAuthError } from '../errors.ts'
import { deadline } from './deadline.ts'
import { checkLockOptions, lockTimeout } from './lock-queue.ts'

/** The locks that all tabs and workers of this origin share; `undefined` where there are none. */
export function webLocks(): LockManager | undefined {
  return (globalThis as { readonly navigator?: { readonly locks?: LockManager | null } }).navigator?.locks ?? undefined
}

/** A lock of this origin. */
export interface WebLock {
  readonly locks: LockManager
  readonly name: string
}

/**
 * Runs `task` under a lock of this origin. It is never stolen, and it ends with the tab that holds it.
 *
 * Errors: `lock_timeout`, `aborted`, `store_denied` (this origin may have no locks); what the task throws.
 *
 * @see {@link https://www.w3.org/TR/web-locks/ Web Locks API}
 */
export async function withWebLock<T>(lock: WebLock, task: () => Promise<T>, options: LockOptions): Promise<T> {
  checkLockOptions(options)
  const wait = new AbortController()
  return new Promise<T>((resolve, reject) => {
    // The wait ends here even where the platform's own answer never comes.
    const lift = deadline(options, lockTimeout(options), (error) => {
      wait.abort()
      reject(error)
    })
    const granted = async (): Promise<void> => {
      lift()
      if (!wait.signal.aborted) await task().then(resolve, reject)
    }
    lock.locks.request(lock.name, { signal: wait.signal }, granted).catch(() => {
      lift()
      reject(new OAuthError('store_denied', { where: 'The lock of this origin', reason: 'the browser refuses it.' }))
    })
  })
}
