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

/** A client, and its random name. */
interface Named {
  readonly clock: Clock
  readonly owner: string
}

/**
 * Spaces out attempts after a failure: as the server says, else twice as long each time. The name keeps
 * clients apart that failed together, so that they do not come back together.
 */
export function cooldown(parts: Named): Cooldown {
  const { clock } = parts
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
      const length =
        Math.min(longest, 1000 * 2 ** Math.min(failures, 6)) * (0.5 + spread(`${parts.owner} ${failures}`) / 2)
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

/** Between 0 and 1, and for each text another (FNV-1a). */
function spread(text: string): number {
  let hash = 0x811c9dc5
  for (const character of text) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193)
  return (hash >>> 0) / 2 ** 32
}
