/** A bound for the wait until an answer begins. */
export interface Deadline {
  /** Aborts when the time is over, and whenever one of the given signals does. */
  readonly signal: AbortSignal
  /** From now on it counts. Once is enough. */
  begin(): void
  /** Whether it was the time that ended the wait. */
  passed(): boolean
  /** The answer has begun: from now on only the given signals end anything. */
  clear(): void
}

/**
 * Sets a bound of `ms` milliseconds, or none: then the wait ends when one of the given signals says so. It is to
 * begin when the request is on its way: a timer takes as long to set as a request to send.
 */
export function openDeadline(ms: number | undefined, given: AbortSignal, another: AbortSignal | undefined): Deadline {
  // A controller between two signals costs more than all that the proxy itself does. Not every server's signal is
  // one that `fetch` takes.
  if (ms === undefined && another === undefined && given instanceof AbortSignal) {
    return { signal: given, begin: nothing, passed: () => false, clear: nothing }
  }
  // The first Node 20 has no AbortSignal.any.
  const signals = another === undefined ? [given] : [given, another]
  const controller = new AbortController()
  const follow = (): void => {
    const ended = signals.find(({ aborted }) => aborted)
    if (ended !== undefined) controller.abort(ended.reason)
  }
  const end = (): void => {
    passed = true
    controller.abort()
  }
  let passed = false
  let timer: ReturnType<typeof setTimeout> | undefined
  follow()
  return {
    signal: controller.signal,
    begin() {
      if (ms !== undefined) timer ??= setTimeout(end, ms)
      // It ends with the request, so that nobody need stop listening.
      for (const signal of signals) signal.addEventListener('abort', follow)
      follow()
    },
    passed: () => passed,
    clear: () => clearTimeout(timer),
  }
}

function nothing(): void {}
