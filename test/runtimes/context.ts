import 'vitest'

/** Where tests run. */
export type Runtime = 'node' | 'happy-dom' | 'chromium' | 'firefox' | 'webkit' | 'workerd' | 'deno' | 'bun'

/** What every test, in every runtime, may `inject`. All of it lives on loopback and ends with the run. */
export interface World {
  /** A real authorization server: oidc-provider, with a dozen standards switched on. */
  readonly issuer: string
  /** The stage: `/drive`, `/drive-device`, `/recorder/<id>`, `/redirect/<status>?to=`, `/echo`. CORS open. */
  readonly stage: string
  /** The one resource indicator (RFC 8707) that the server knows. Its access tokens are JWTs. */
  readonly resource: string
  readonly clients: WorldClients
}

/** The clients that the server knows. All may refresh; refresh tokens rotate, and reuse ends the grant. */
export interface WorldClients {
  /** Public, native: the redirect URI may have any loopback port. */
  readonly spa: PublicClient
  readonly basic: SecretClient
  readonly post: SecretClient
  readonly jwt: KeyClient
  /** Public; the server takes its authorization requests pushed only (RFC 9126). */
  readonly par: PublicClient
  /** Public; tokens are bound to a key, and each proof needs a nonce (RFC 9449 §8). */
  readonly dpop: PublicClient
  /** Public; device flow only (RFC 8628). */
  readonly device: { readonly clientId: string }
}

export interface PublicClient {
  readonly clientId: string
  readonly redirectUri: string
}

export interface SecretClient extends PublicClient {
  readonly clientSecret: string
}

export interface KeyClient extends PublicClient {
  /** ES256. */
  readonly privateKey: JsonWebKey & { readonly kid: string }
}

/** What `/recorder/<id>/log` answers, in order of arrival. Values of headers are not kept. */
export interface RecordedRequest {
  readonly method: string
  readonly url: string
  readonly headers: readonly string[]
  /** The scheme of the Authorization header, without what follows it. */
  readonly scheme?: string
  readonly bodyLength: number
}

declare module 'vitest' {
  export interface ProvidedContext {
    world: World
    runtime: Runtime
  }
}
