import { OAuthError } from '../errors.ts'

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
export async function withinTime<T>(promise: Promise<T>, { what, after, signal }: TimeBound): Promise<T> {
  let settle = (): void => undefined
  const bound = new Promise<never>((_, reject) => {
    const abort = (): void => reject(new OAuthError('aborted', {}))
    const timer = setTimeout(() => reject(new OAuthError('timeout', { what, after })), Math.min(after, 2 ** 31 - 1))
    if (signal?.aborted === true) abort()
    signal?.addEventListener('abort', abort)
    settle = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    }
  })
  promise.catch(() => undefined)
  try {
    return await Promise.race([promise, bound])
  } finally {
    settle()
  }
}
