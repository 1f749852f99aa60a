/**
 * Signing in with any OpenID Connect provider.
 *
 * @module
 */

import type { Provider } from '../contracts.ts'

/** What `oidc` needs to know; the rest of a `Provider` may be given too. */
export interface OidcOptions extends Partial<Omit<Provider, 'issuer' | 'discovery' | 'endpoints'>> {
  /** The issuer identifier, exactly as the server's own metadata spells it. */
  readonly issuer: string
}

/**
 * Any OpenID Connect provider that publishes its metadata: Auth0, Okta, Keycloak, Entra, …
 *
 * Asks for `openid` unless `scopes` says otherwise. Add `offline_access` where the server wants that
 * for a refresh token.
 *
 * @example
 * ```ts
 * const client = createClient({ provider: oidc({ issuer: 'https://id.example.com' }), clientId: 'spa', redirectUri })
 * ```
 *
 * @see {@link https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig OpenID Connect Discovery, section 4}
 */
export function oidc(options: OidcOptions): Provider {
  const { issuer, id = providerId(issuer), name = id, scopes = ['openid'], ...rest } = options
  return { ...rest, id, name, issuer, discovery: 'oidc', scopes }
}

/** A store key from an issuer: its host and path in characters that every store can hold. */
function providerId(issuer: string): string {
  return issuer
    .replace(/^[a-z]+:\/\//i, '')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/-$/, '')
}
