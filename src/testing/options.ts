import type { Clock } from '../contracts.ts'
import type { Tamper } from './tamper.ts'

/** What an endpoint does. Faults are aimed and history is asked by these names. */
export type EndpointName =
  | 'metadata'
  | 'jwks'
  | 'authorization'
  | 'pushedAuthorization'
  | 'token'
  | 'revocation'
  | 'userInfo'
  | 'deviceAuthorization'
  | 'verification'
  | 'endSession'
  | 'api'

/** How a client proves who it is (RFC 7591, section 2; RFC 7523). */
export type ClientAuthMethod = 'none' | 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt'

/** The grants a client may use, by their names on the wire. */
export type GrantType =
  | 'authorization_code'
  | 'refresh_token'
  | 'client_credentials'
  | 'urn:ietf:params:oauth:grant-type:device_code'

/** A client that the server knows. */
export interface RegisteredClient {
  /** The client identifier. */
  readonly clientId: string
  /**
   * Compared character by character, except that the port of an `http` loopback address is free
   * (RFC 8252, section 7.3): `http://127.0.0.1/callback` admits every port.
   *
   * @default [] // no sign-in through a browser
   */
  readonly redirectUris?: readonly string[]
  /** Where a sign-out may lead, compared like `redirectUris`. @default the redirect URIs */
  readonly postLogoutRedirectUris?: readonly string[]
  /** How it must authenticate; no other way is taken. @default 'none' */
  readonly authMethod?: ClientAuthMethod
  /** For `client_secret_basic` and `client_secret_post`. */
  readonly clientSecret?: string
  /** Public keys for `private_key_jwt`. */
  readonly jwks?: readonly JsonWebKey[]
  /** The grants it may use. @default all but `client_credentials`, and that one too for a client that authenticates */
  readonly grantTypes?: readonly GrantType[]
  /** Refuses authorization requests that were not pushed (RFC 9126). @default false */
  readonly requirePar?: boolean
}

/** A person who can sign in. */
export interface User {
  /** The subject identifier. */
  readonly sub: string
  /** Told with the scope `profile`. */
  readonly name?: string
  /** Told with the scope `email`, as verified. */
  readonly email?: string
}

/** What the person answers: everything that was asked for, as the first user, unless it says otherwise. */
export interface Approval {
  /** The `sub` of who signs in. @default the first of `users` */
  readonly user?: string
  /** Grants only these of the scopes that were asked for. @default all */
  readonly scopes?: readonly string[]
  /** Refuses, with this error code. */
  readonly deny?: 'access_denied' | (string & {})
}

/**
 * What becomes of a refresh token that was used:
 *
 * - `none`: it stays good, and no new one is issued
 * - `grace`: it stays good for `gracePeriod` after its first use
 * - `previous-generation`: it stays good until the new one has been used in turn
 *   and counts as two generations old then
 * - `until-first-use`: it stays good until the new one is used; showing it again makes the new one void
 * - `strict`: it is void at once
 *
 * Showing a void one is reuse: refused with `invalid_grant`, and the whole family is revoked
 * (RFC 9700, section 4.14.2) unless `revokeFamilyOnReuse` is `false`.
 */
export type RotationPolicy = 'none' | 'grace' | 'previous-generation' | 'until-first-use' | 'strict'

/** How long things are good for, in milliseconds. */
export interface Lifetimes {
  /** An authorization code. @default 60_000 */
  readonly code: number
  /** An access token. @default 3_600_000 */
  readonly accessToken: number
  /** A refresh token, each one anew. @default 2_592_000_000 // 30 days */
  readonly refreshToken: number
  /** An ID token. @default 3_600_000 */
  readonly idToken: number
  /** A device code. @default 600_000 */
  readonly deviceCode: number
  /** A pushed authorization request. @default 90_000 */
  readonly pushedRequest: number
}

/** How the server shall behave. Everything has a default: `createAuthorizationServer()` can sign somebody in. */
export interface AuthorizationServerOptions {
  /** May have a path, as multi-tenant servers have. @default 'https://as.latchkey.test' */
  readonly issuer?: string
  /** Who may ask. @default one public client, `app`, with callbacks at `https://app.example.com/callback` and on loopback */
  readonly clients?: readonly RegisteredClient[]
  /** Who can sign in. @default one, `ada` */
  readonly users?: readonly User[]
  /** The scopes that exist. @default openid, profile, email, offline_access, read, write */
  readonly scopes?: readonly string[]
  /** Answers authorization and device requests at once, without a person. @default false // shows a page */
  readonly autoApprove?: boolean | Approval
  /** What becomes of a refresh token that was used. @default 'strict' // what is hardest on a client */
  readonly rotation?: RotationPolicy
  /** For `rotation: 'grace'`, in milliseconds. @default 30_000 */
  readonly gracePeriod?: number
  /** Whether showing a void refresh token ends the whole sign-in. @default true */
  readonly revokeFamilyOnReuse?: boolean
  /** How long things are good for; what is left out keeps its default. */
  readonly lifetimes?: Partial<Lifetimes>
  /** Whose time it is. A plain clock becomes one that can be moved. @default testClock() // real time */
  readonly clock?: Pick<Clock, 'now'>
  /** Whether an authorization request must carry a code challenge (RFC 7636). @default true */
  readonly requirePkce?: boolean
  /** Refuses every authorization request that was not pushed (RFC 9126). @default false */
  readonly requirePar?: boolean
  /**
   * The `iss` parameter of the callback (RFC 9207): sent and announced in the metadata, sent
   * without a word, or not sent. @default 'announced'
   */
  readonly responseIss?: 'announced' | 'unannounced' | 'off'
  /** Sender-constrained tokens (RFC 9449). @default 'optional' // bound when a proof comes */
  readonly dpop?: 'off' | 'optional' | 'required'
  /**
   * Whether proofs must carry a nonce, of the authorization server's and of the API's own; `per-request`
   * makes each one good for a single proof (RFC 9449, sections 8 and 9). @default 'off'
   */
  readonly dpopNonces?: 'off' | 'stable' | 'per-request'
  /** What ID tokens are signed with. @default 'ES256' */
  readonly idTokenAlg?: 'ES256' | 'RS256'
  /** Which metadata documents exist (RFC 8414, OpenID Connect Discovery). @default both */
  readonly discovery?: readonly ('oauth' | 'openid')[]
  /** Endpoint paths of your own, below the issuer. @default '/authorize', '/token', … */
  readonly paths?: Partial<Readonly<Record<Exclude<EndpointName, 'metadata'>, string>>>
  /** Lets any web page read the answers. @default true */
  readonly cors?: boolean
  /** Defects from the start; also `server.tamper`. */
  readonly tamper?: Tamper
}
