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
export function withDeadline(ms: number, signals: readonly (AbortSignal | undefined)[]): Deadline {
  const time = new AbortController()
  const timer = setTimeout(() => time.abort(), ms)
  const others = signals.filter((signal) => signal !== undefined)
  return {
    signal: AbortSignal.any([time.signal, ...others]),
    passed: () => time.signal.aborted,
    clear: () => clearTimeout(timer),
  }
}
