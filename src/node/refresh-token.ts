import type { Provider, TokenSet } from '../contracts.ts'
import { refreshTokens } from '../core/index.ts'
import { partiesOf } from './exchange-code-for-tokens.ts'
import type { WireOptions } from './exchange-code-for-tokens.ts'

/** Which tokens are renewed, and with whom. */
export interface RefreshTokenRequest extends WireOptions {
  readonly provider: Provider
  /** The refresh token, or the tokens that it came with. */
  readonly tokens: string | TokenSet
}

/**
 * Exchanges a refresh token for new tokens, once. Stores nothing and locks nothing: where others may use
 * the same token, or a crash may come in between, use a client with a store.
 *
 * The old refresh token is kept where the answer brings none. Where the rest of an answer is defective
 * but it brings a new refresh token, that is given back with an access token that has already ended.
 *
 * Errors: `authorization_failed` (`invalid_grant`: sign in again), and those of any request.
 *
 * @example
 * ```ts
 * const next = await refreshToken({ provider: anthropic(), tokens })
 * ```
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-6 RFC 6749, section 6}
 */
export async function refreshToken(request: RefreshTokenRequest): Promise<TokenSet> {
  const { provider, tokens: given } = request
  const tokens: TokenSet =
    typeof given === 'string' ? { accessToken: '', tokenType: 'Bearer', refreshToken: given } : given
  const presented = tokens.refreshToken ?? ''
  if (presented === '') throw new TypeError('There is no refresh token.')
  const refreshed = await refreshTokens(await partiesOf(provider, request), {
    tokens: { ...tokens, refreshToken: presented },
    ...(provider.resource !== undefined && { resource: provider.resource }),
  })
  if (refreshed.kind === 'tokens') return refreshed.tokens
  return { ...tokens, refreshToken: refreshed.refreshToken, expiresAt: 0 }
}
