/** A bound for the wait until an answer begins. */
export interface Deadline {
  /** Aborts when the time is over, and whenever one of the given signals does. */
  readonly signal: AbortSignal
  /** Whether it was the time that ended the wait. */
  passed(): boolean
  /** The answer has begun: from now on only the given signals end anything. */
  clear(): void
}

/** Sets a bound of `ms` milliseconds. */
export function withDeadline(ms: number, given: AbortSignal, another: AbortSignal | undefined): Deadline {
  const signal = another === undefined ? given : AbortSignal.any([given, another])
  const controller = new AbortController()
  const follow = (): void => controller.abort(signal.reason)
  let passed = false
  const timer = setTimeout(() => {
    passed = true
    controller.abort()
  }, ms)
  if (signal.aborted) follow()
  // It ends with the request, so that nobody need stop listening.
  signal.addEventListener('abort', follow)
  return { signal: controller.signal, passed: () => passed, clear: () => clearTimeout(timer) }
}
