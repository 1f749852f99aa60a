/**
 * A client in the shape of `google-auth-library`.
 *
 * @module
 */

import type { TokenSource } from '../contracts.ts'
import { bearer } from './parts/bearer.ts'
import { otherToken } from './parts/other-token.ts'

/** What Google's libraries ask of whoever authenticates a request. */
export interface GoogleAuth {
  getAccessToken(): Promise<{ readonly token: string }>
  getRequestHeaders(url?: string | URL): Promise<Headers>
  /** For `OAuth2Client.refreshHandler`. `expiry_date` is in milliseconds since the epoch. */
  refreshHandler(): Promise<{ access_token: string; expiry_date: number }>
}

/**
 * Lets Google's libraries call as whoever signed in.
 *
 * `refreshHandler` is for an `OAuth2Client`: with `forceRefreshOnFailure` it asks again after a 401, and a
 * token that was given before is renewed then. The library decides where the token goes: `apiOrigins` is not looked at.
 *
 * Errors: those of `getToken`; `unsupported` for DPoP tokens.
 *
 * @example
 * ```ts
 * const auth = new OAuth2Client({ forceRefreshOnFailure: true })
 * auth.refreshHandler = toGoogle(client).refreshHandler
 * ```
 */
export function toGoogle(source: TokenSource): GoogleAuth {
  let given: string | undefined
  const token = async (): Promise<string> => bearer(await source.getToken()).accessToken
  return {
    getAccessToken: async () => ({ token: await token() }),
    getRequestHeaders: async () => new Headers({ authorization: `Bearer ${await token()}` }),
    async refreshHandler() {
      const { accessToken, expiresAt } = bearer(await otherToken(source, given))
      given = accessToken
      // Google's must be a number; of a token whose end nobody knows, a 401 tells.
      return { access_token: accessToken, expiry_date: expiresAt ?? Date.now() + 60 * 60_000 }
    },
  }
}
