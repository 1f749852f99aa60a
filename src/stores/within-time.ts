import { OAuthError } from '../errors.ts'
import { deadline } from './deadline.ts'

/** A bound for somebody else's promise. */
export interface TimeBound {
  /** What is waited for, for the error. */
  readonly what: string
  /** Milliseconds. */
  readonly after: number
  readonly signal?: AbortSignal
}

/**
 * Waits for `promise` no longer than `bound` allows. What it stands for goes on.
 *
 * @throws OAuthError `timeout`, `aborted`; or what the promise rejects with.
 */
export function withinTime<T>(promise: Promise<T>, { what, after, signal }: TimeBound): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = (): OAuthError => new OAuthError('timeout', { what, after })
    const lift = deadline({ timeout: after, ...(signal && { signal }) }, late, reject)
    if (signal?.aborted === true) reject(new OAuthError('aborted', {}))
    promise.then(resolve, reject).finally(lift)
  })
}
