/**
 * A client in the shape of `@azure/core-auth`.
 *
 * @module
 */

import type { TokenSource } from '../contracts.ts'
import { bearer } from './parts/bearer.ts'

/** Azure's `TokenCredential`. */
export interface AzureTokenCredential {
  getToken(scopes: string | string[], options?: AzureTokenOptions): Promise<AzureAccessToken>
}

/** What Azure's clients may say when they ask for a token. */
export interface AzureTokenOptions {
  readonly abortSignal?: unknown
  /** What the API demands of a new token, after it has refused one. */
  readonly claims?: string
}

/** Azure's `AccessToken`. Times are milliseconds since the epoch. */
export interface AzureAccessToken {
  readonly token: string
  readonly expiresOnTimestamp: number
  readonly tokenType: 'Bearer'
}

/**
 * Lets Azure's clients call as whoever signed in.
 *
 * They ask for scopes with each token; here the person's sign-in decides, so ask for these scopes in it.
 * They ask anew after a 401 only if the API sends `claims`, which then makes one refresh; claims that a
 * refresh cannot satisfy need a new sign-in. They decide where the token goes: `apiOrigins` is not looked at.
 *
 * Errors: those of `getToken`; `unsupported` for DPoP tokens.
 *
 * @example
 * ```ts
 * const secrets = new SecretClient('https://vault.example.net', toAzure(client))
 * ```
 */
export function toAzure(source: TokenSource): AzureTokenCredential {
  return {
    async getToken(_scopes, { claims, abortSignal } = {}) {
      const tokens = await source.getToken({
        forceRefresh: claims !== undefined,
        ...(abortSignal instanceof AbortSignal && { signal: abortSignal }),
      })
      const { accessToken, expiresAt } = bearer(tokens)
      return {
        token: accessToken,
        // Azure must be told something: of a token whose end nobody knows, that it will ask again soon.
        expiresOnTimestamp: expiresAt ?? Date.now() + 5 * 60_000,
        tokenType: 'Bearer',
      }
    },
  }
}
