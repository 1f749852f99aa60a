import type { Clock } from '../contracts.ts'
import type { OAuthError } from '../errors.ts'

/** When the server may be asked again. */
export interface Cooldown {
  /** Whether an early refresh, which nobody waits for, had better wait. */
  active(): boolean
  /** Throws the last failure again while the server has asked not to be asked. */
  check(): void
  note(failure: OAuthError): void
  clear(): void
}

/** The longest pause between early refreshes that fail, in milliseconds. */
const longest = 60_000

/** Spaces out attempts after a failure: as the server says, else twice as long each time. */
export function cooldown(clock: Clock): Cooldown {
  let failures = 0
  let until = 0
  let ordered: { readonly until: number; readonly failure: OAuthError } | undefined
  return {
    active: () => clock.now() < until,
    check() {
      if (ordered !== undefined && clock.now() < ordered.until) throw ordered.failure
    },
    note(failure) {
      if (ordered?.failure === failure) return
      failures++
      const pause = Math.min(longest, 1000 * 2 ** Math.min(failures, 6))
      until = clock.now() + pause * (0.5 + random() / 2)
      const retryAt = 'retryAt' in failure.detail ? failure.detail.retryAt : undefined
      if (retryAt === undefined) return
      ordered = { until: retryAt, failure }
      until = Math.max(until, retryAt)
    },
    clear() {
      failures = 0
      until = 0
      ordered = undefined
    },
  }
}

/** Between 0 and 1, so that clients that failed together do not come back together. */
function random(): number {
  const [value = 0] = crypto.getRandomValues(new Uint32Array(1))
  return value / 2 ** 32
}
