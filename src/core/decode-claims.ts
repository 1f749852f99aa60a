import { decodeJwt } from 'jose'

import { asMembers } from './json.ts'
import type { JsonMembers } from './json.ts'

/**
 * Reads the claims of a JWT without proving anything. Anybody can write such a text: use it for what
 * you would also believe from a stranger.
 *
 * @example
 * ```ts
 * const { email } = decodeClaims(idToken) // to show it; to believe it, let the server check the token
 * ```
 *
 * @throws {TypeError} when it is no JWT
 */
export function decodeClaims(jwt: string): JsonMembers {
  try {
    return asMembers(decodeJwt(jwt)) ?? {}
  } catch {
    throw new TypeError('This is not a JWT.')
  }
}
