import type { Clock } from '../contracts.ts'
import type { OAuthError } from '../errors.ts'

/** When the server may be asked again. */
export interface Cooldown {
  /** Whether an early refresh, which nobody waits for, had better wait. */
  active(): boolean
  /** Throws the last failure again while the server has asked not to be asked. */
  check(): void
  /** Takes a failure into account. Says whether it is a new one, and not one that `check` has thrown again. */
  note(failure: OAuthError): boolean
  clear(): void
}

/** The longest pause between early refreshes that fail, in milliseconds. */
const longest = 60_000

interface Pause {
  readonly from: number
  readonly until: number
}

/** Spaces out attempts after a failure: as the server says, else twice as long each time. */
export function cooldown(clock: Clock): Cooldown {
  let failures = 0
  let pause: Pause | undefined
  let ordered: (Pause & { readonly failure: OAuthError }) | undefined
  return {
    active: () => lasts(pause, clock.now()),
    check() {
      if (ordered !== undefined && lasts(ordered, clock.now())) throw ordered.failure
    },
    note(failure) {
      if (ordered?.failure === failure) return false
      failures++
      const from = clock.now()
      const retryAt = 'retryAt' in failure.detail ? failure.detail.retryAt : undefined
      const length = Math.min(longest, 1000 * 2 ** Math.min(failures, 6)) * (0.5 + random() / 2)
      pause = { from, until: Math.max(from + length, retryAt ?? 0) }
      if (retryAt !== undefined) ordered = { from, until: retryAt, failure }
      return true
    },
    clear() {
      failures = 0
      pause = undefined
      ordered = undefined
    },
  }
}

/** A clock that was set back must not make a pause of seconds one of hours. */
function lasts(pause: Pause | undefined, now: number): boolean {
  return pause !== undefined && now >= pause.from - 1000 && now < pause.until
}

/** Between 0 and 1, so that clients that failed together do not come back together. */
function random(): number {
  const [value = 0] = crypto.getRandomValues(new Uint32Array(1))
  return value / 2 ** 32
}
