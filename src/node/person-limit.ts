import { clearTimeout, setTimeout } from 'node:timers'
import { OAuthError } from '../errors.ts'

/** How long a person is waited for. */
export interface PersonLimit {
  /** Aborts when the wait is over. */
  readonly signal: AbortSignal
  /** Why it was over, once it is. */
  reason(): OAuthError | undefined
  /** The person has answered: from here on time does not count. */
  stop(): void
}

const longestTimer = 2 ** 31 - 1

/** Waits at most `timeout` milliseconds, and not after `signal` aborts. */
export function personLimit(timeout: number | undefined, signal: AbortSignal | undefined): PersonLimit {
  // A timer would end at once instead.
  if (timeout !== undefined && !(timeout > 0 && timeout <= longestTimer)) {
    throw new TypeError(`timeout must be more than 0 and at most ${longestTimer}`)
  }
  const over = new AbortController()
  let reason: OAuthError | undefined
  const end = (error: OAuthError): void => {
    reason ??= error
    over.abort()
  }
  const abort = (): void => end(new OAuthError('aborted', {}))
  const timer =
    timeout !== undefined &&
    setTimeout(() => end(new OAuthError('timeout', { what: 'the sign-in', after: timeout })), timeout).unref()
  if (signal?.aborted) abort()
  signal?.addEventListener('abort', abort, { once: true })
  return {
    signal: over.signal,
    reason: () => reason,
    stop: () => {
      if (timer) clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    },
  }
}
