import { setTimeout as sleep } from 'node:timers/promises'
import type { LockOptions } from '../contracts.ts'
import { OAuthError } from '../errors.ts'

/** A wait that has begun. */
export interface LockWait extends LockOptions {
  /** When it ends, by `performance.now()`. */
  readonly until: number
}

/** The first looks come quickly, so that a lock changes hands quickly; the later ones cost little. */
const firstPause = 2
const longestPause = 10

export function beginWait(options: LockOptions): LockWait {
  const { timeout, signal } = options
  return { timeout, until: performance.now() + timeout, ...(signal !== undefined && { signal }) }
}

/**
 * Pauses before the next look, longer each time and never in step with other waiters.
 *
 * @throws OAuthError `lock_timeout`, `aborted`
 */
export async function nextTurn(attempt: number, wait: LockWait, holder?: string): Promise<void> {
  const left = remaining(wait)
  if (left === 0) throw new OAuthError('lock_timeout', { after: wait.timeout, ...(holder !== undefined && { holder }) })
  const pause = Math.min(firstPause * 1.5 ** attempt, longestPause) * (0.5 + Math.random())
  await pauseUntil(performance.now() + pause, wait)
}

/**
 * Pauses until an instant by `performance.now()`, or until the wait is over.
 *
 * @throws OAuthError `aborted`
 */
export async function pauseUntil(instant: number, wait: LockWait): Promise<void> {
  const pause = Math.min(instant, wait.until) - performance.now()
  if (pause <= 0) return
  try {
    await sleep(pause, undefined, wait.signal === undefined ? {} : { signal: wait.signal })
  } catch {
    throw new OAuthError('aborted', {})
  }
}

/** How long to leave a lock to those who wait for it, in milliseconds: several of them look at it meanwhile. */
export function courtesy(): number {
  return 2 + 2 * Math.random()
}

/** What is left of a wait, in milliseconds. */
export function remaining(wait: LockWait): number {
  return Math.max(0, wait.until - performance.now())
}

/** Waits until another program that is taking the same dead lock over has shown itself. */
export async function settled(): Promise<void> {
  await sleep(50)
}
