/** A bound for the wait until an answer begins. */
export interface Deadline {
  /** What ends the request upstream: each of the given signals, and the time where it was named. */
  readonly signal: AbortSignal
  /** Waits for `work`, but not for ever. The time counts from the first wait on. */
  wait<T>(work: Promise<T>): Promise<T>
  /** Whether it was the time that ended the wait. */
  passed(): boolean
  /** The answer has begun: from now on only the given signals end anything. */
  clear(): void
}

/**
 * Sets a bound of `ms` milliseconds. Where it is `otherwise`, a request upstream that takes too long is left to
 * itself: platforms end it with the caller's, or soon after.
 */
export function openDeadline(
  ms: number | undefined,
  given: AbortSignal,
  another: AbortSignal | undefined,
  otherwise: number = 600_000,
): Deadline {
  // A controller between two signals costs more than all that the proxy itself does. Not every server's signal is
  // one that `fetch` takes.
  const direct = ms === undefined && another === undefined && given instanceof AbortSignal
  const controller = direct ? undefined : new AbortController()
  // The first Node 20 has no AbortSignal.any.
  const signals = direct ? [] : [given, another ?? given]
  const follow = (): void => {
    const ended = signals.find(({ aborted }) => aborted)
    if (ended !== undefined) controller?.abort(ended.reason)
  }
  let passed = false
  let timer: ReturnType<typeof setTimeout> | undefined
  let over: Promise<never> | undefined
  const begin = (): Promise<never> => {
    // It ends with the request, so that nobody need stop listening.
    for (const signal of signals) signal.addEventListener('abort', follow)
    follow()
    return new Promise((_, reject) => {
      timer = setTimeout(() => {
        passed = true
        controller?.abort()
        reject()
      }, ms ?? otherwise)
    })
  }
  follow()
  return {
    signal: controller?.signal ?? given,
    // Late: a timer takes as long to set as a request to send.
    wait: (work) => Promise.race([work, (over ??= begin())]),
    passed: () => passed,
    clear: () => clearTimeout(timer),
  }
}
