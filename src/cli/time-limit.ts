import { setTimeout } from 'node:timers'

/** As `AbortSignal.timeout`, which keeps Deno from ending once somebody has listened to it. */
export function timeLimit(ms: number): AbortSignal {
  const over = new AbortController()
  setTimeout(() => over.abort(new DOMException('The time is over.', 'TimeoutError')), ms).unref()
  return over.signal
}
