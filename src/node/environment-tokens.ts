import type { TokenSource } from '../contracts.ts'
import { goodTokens } from './borrow-tokens.ts'

/** A token from the environment. */
export interface EnvironmentTokens extends TokenSource {
  /** The variable it comes from, to be shown to the person; absent where none is set. */
  readonly source?: string
}

/**
 * Takes the access token from the first of these environment variables that is set. It cannot be renewed,
 * and nobody knows when it ends. Whoever signed in here should come first: say which source is used.
 *
 * Errors: `sign_in_required` where none is set; `unsupported` for `forceRefresh`.
 *
 * @param env @default process.env
 *
 * @example
 * ```ts
 * const tokens = environmentTokens(['CLAUDE_CODE_OAUTH_TOKEN', 'ANTHROPIC_AUTH_TOKEN'])
 * console.error(`Using ${tokens.source ?? 'no token'}.`)
 * ```
 */
export function environmentTokens(
  names: readonly string[],
  env: Readonly<Record<string, string | undefined>> = process.env,
): EnvironmentTokens {
  const source = names.find((name) => (env[name] ?? '').trim() !== '')
  return {
    ...(source !== undefined && { source }),
    async getToken(wishes) {
      const accessToken = source === undefined ? '' : (env[source] ?? '').trim()
      return goodTokens(accessToken === '' ? undefined : { tokens: { accessToken, tokenType: 'Bearer' } }, wishes)
    },
  }
}
