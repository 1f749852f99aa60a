import { setTimeout as sleep } from 'node:timers/promises'
import type { LockOptions } from '../contracts.ts'
import { OAuthError } from '../errors.ts'

/** The longest pause between two looks, give or take a half. */
export const longestPause = 10

/** A wait that has begun. */
export interface LockWait extends LockOptions {
  /** When it ends, by `performance.now()`. */
  readonly until: number
}

export function beginWait(options: LockOptions): LockWait {
  return { ...options, until: performance.now() + options.timeout }
}

/**
 * Pauses before the next look, for `pause` milliseconds more or less, so that waiters are never in step.
 *
 * @throws OAuthError `lock_timeout`, `aborted`
 */
export async function nextTurn(pause: number, wait: LockWait, holder?: string): Promise<void> {
  if (performance.now() >= wait.until) {
    throw new OAuthError('lock_timeout', { after: wait.timeout, ...(holder && { holder }) })
  }
  await pauseUntil(performance.now() + pause * (0.5 + Math.random()), wait)
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
    await sleep(pause, undefined, wait)
  } catch {
    throw new OAuthError('aborted', {})
  }
}

/** How long to leave a lock that was held for `held` milliseconds to those who wait for it: each of them looks meanwhile. */
export function courtesy(held: number): number {
  return Math.min(Math.max(held, 3), 1.5 * longestPause) * (1 + Math.random())
}

/** Waits until another program that is taking the same dead lock over has shown itself. */
export async function settled(): Promise<void> {
  await sleep(50)
}
