import { calculatePKCECodeChallenge } from 'oauth4webapi'

import type { StoredRecord, TokenSet } from '../contracts.ts'

/** What counts as expired. */
export interface ExpiryOptions {
  /** Also what ends within this time, in milliseconds. @default 300_000 */
  readonly within?: number
  /** Milliseconds since the epoch. @default now */
  readonly now?: number
}

/**
 * Whether the access token has ended or will within five minutes. A token of unknown life has not:
 * the API has the last word.
 *
 * @example
 * ```ts
 * if (isTokenExpired(tokens, { within: 60_000 })) tokens = await client.getToken({ minValidity: 60_000 })
 * ```
 */
export function isTokenExpired(tokens: Pick<TokenSet, 'expiresAt'>, options: ExpiryOptions = {}): boolean {
  const { within = 300_000, now = Date.now() } = options
  return tokens.expiresAt !== undefined && tokens.expiresAt - within <= now
}

/**
 * The name under which a record's refresh token (else its access token) may be written down: its SHA-256.
 *
 * @example
 * ```ts
 * const name = await fingerprint(record) // may be logged
 * ```
 */
export function fingerprint(record: Pick<StoredRecord, 'tokens'>): Promise<string> {
  // An S256 code challenge is the SHA-256 of a text in base64url: what we need, already in the bundle.
  return calculatePKCECodeChallenge(record.tokens.refreshToken ?? record.tokens.accessToken)
}
