/**
 * Signing in with any OAuth 2.0 server.
 *
 * @module
 */

import type { Provider } from '../contracts.ts'

/** What `oauth2` needs to know: a name, and either the endpoints or the issuer that publishes them. */
export interface OAuth2Options extends Omit<Provider, 'name' | 'discovery'> {
  /** For people. @default the id */
  readonly name?: string
}

/**
 * Any OAuth 2.0 server: its endpoints written down, or its issuer, whose metadata (RFC 8414) is asked for.
 *
 * @example
 * ```ts
 * const acme = oauth2({
 *   id: 'acme',
 *   endpoints: { authorization: 'https://acme.example/authorize', token: 'https://acme.example/token' },
 * })
 * ```
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8414#section-3 RFC 8414, section 3}
 */
export function oauth2(options: OAuth2Options): Provider {
  return { ...options, name: options.name ?? options.id, discovery: 'oauth2' }
}
