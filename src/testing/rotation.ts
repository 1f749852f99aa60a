import type { RotationPolicy } from './options.ts'

/** A refresh token, as far as rotation goes. */
export interface RefreshTokenState {
  /** How many refreshes lie before it. */
  readonly generation: number
  /** When it was first used. */
  readonly firstUsedAt?: number
  /** A later use of another one made it void (`until-first-use`). */
  readonly closed: boolean
}

/** The rule and the moment. */
export interface RotationRule {
  readonly policy: RotationPolicy
  /** Milliseconds, for `grace`. */
  readonly gracePeriod: number
  /** The highest generation that the family has. */
  readonly newest: number
  readonly now: number
}

/** What becomes of a presented refresh token: `used` passes for the first time, `repeat` is let pass, `reuse` is not. */
export type RotationVerdict = 'used' | 'repeat' | 'reuse'

/** Judges a refresh token by the rotation policy. Pure; expiry and revocation are looked at elsewhere. */
export function judgeRefreshToken(token: RefreshTokenState, rule: RotationRule): RotationVerdict {
  const seen = token.firstUsedAt !== undefined
  const passes = accepts[rule.policy](token, rule)
  if (!passes) return 'reuse'
  return seen && rule.policy !== 'none' ? 'repeat' : 'used'
}

type Accepts = (token: RefreshTokenState, rule: RotationRule) => boolean

const accepts: Readonly<Record<RotationPolicy, Accepts>> = {
  none: () => true,
  grace: ({ firstUsedAt }, { now, gracePeriod }) => firstUsedAt === undefined || now - firstUsedAt <= gracePeriod,
  'previous-generation': ({ generation }, { newest }) => newest - generation <= 1,
  'until-first-use': ({ closed }) => !closed,
  strict: ({ firstUsedAt }) => firstUsedAt === undefined,
}
