import type { LockOptions } from '../contracts.ts'
import { OAuthError } from '../errors.ts'

/** The longest delay a timer takes, in milliseconds; more would fire at once. */
const longest = 0x7fff_ffff

/**
 * Calls `end` once when the time is over, with what `late` makes, or when the caller has gone, with `aborted`;
 * not after it was lifted. Gives what lifts it.
 */
export function deadline(
  { timeout, signal }: LockOptions,
  late: () => OAuthError,
  end: (error: OAuthError) => void,
): () => void {
  const lift = (): void => {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
  const give = (error: OAuthError): void => {
    lift()
    end(error)
  }
  const abort = (): void => give(new OAuthError('aborted', {}))
  const timer = setTimeout(() => give(late()), Math.min(timeout, longest))
  signal?.addEventListener('abort', abort)
  return lift
}
