/** Claims of an ID token, or any JSON object. */
export type Json = Record<string, unknown>

/**
 * Defects to order. Each hook gets what the server would say and gives what it shall say; put it on
 * `server.tamper` and take it away again as the test goes.
 *
 * @example
 * ```ts
 * server.tamper.idTokenClaims = (claims) => ({ ...claims, aud: 'somebody-else' })
 * server.tamper.idTokenHeader = (header) => ({ ...header, alg: 'none' })
 * server.tamper.callback = (url) => (url.searchParams.set('iss', 'https://evil.example'), url)
 * ```
 */
export interface Tamper {
  /** The claims, before they are signed. */
  idTokenClaims?: ((claims: Json) => Json) | undefined
  /**
   * The header, before it is signed. `alg: 'none'` leaves the signature empty; `alg: 'HS256'` signs with
   * the published public key (SPKI in PEM) as the secret. Any other value changes the header only.
   */
  idTokenHeader?: ((header: Json) => Json) | undefined
  /** Signs in place of the published key: an ECDSA P-256 or RSASSA-PKCS1-v1_5 private key. */
  idTokenKey?: (() => CryptoKey | Promise<CryptoKey>) | undefined
  /** The compact ID token, after it was signed. */
  idToken?: ((jwt: string) => string) | undefined
  /** The JSON of a successful answer of the token endpoint. */
  tokenResponse?: ((body: Json) => Json) | undefined
  /** Either metadata document. */
  metadata?: ((document: Json) => Json) | undefined
  /** The URL that the person is sent back to. */
  callback?: ((url: URL) => URL) | undefined
}
