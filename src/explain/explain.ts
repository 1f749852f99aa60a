import { isOAuthError } from '../errors.ts'
import type { AnyOAuthError } from '../errors.ts'
import { fixes } from './fixes.ts'
import type { Fix, FixCode } from './fixes.ts'
import { whatHappened } from './what-happened.ts'

/** A failure in a person's words. Holds no secret. */
export interface Explanation extends Fix {
  /** Stable for ever; `latchkey doctor` names the same. */
  readonly fix: FixCode
  /** What happened. */
  readonly what: string
}

/**
 * Explains an `OAuthError`: what happened, why, and what to do. Gives `undefined` for anything else.
 *
 * @example
 * ```ts
 * const explained = explain(error)
 * if (explained) console.error(`${explained.what}\n${explained.todo} (${explained.fix})`)
 * ```
 */
export function explain(error: unknown): Explanation | undefined {
  if (!isOAuthError(error)) return undefined
  const fix = fixOf(error)
  // Another copy of this package may know more codes than this one.
  return Object.hasOwn(fixes, fix) ? { fix, what: whatHappened(error), ...fixes[fix] } : undefined
}

/**
 * Gives what the table says of a fix code.
 *
 * @example
 * ```ts
 * console.log(explainFix('clock_offset').todo)
 * ```
 */
export function explainFix(fix: FixCode): Fix {
  return fixes[fix]
}

/** Most failures are fixed as their code says; a few are told apart by their details. */
function fixOf(error: AnyOAuthError): FixCode {
  const { code } = error
  if (code === 'invalid_response') {
    const { endpoint, status } = error.detail
    if (endpoint === 'discovery' && (status === undefined || status === 200 || status === 404)) return 'discovery_path'
  }
  return code
}
