/**
 * What an application holds: the types of `createClient`, its options and its answers.
 *
 * @module
 */

import type {
  Account,
  ClientAuth,
  ClientEvent,
  Clock,
  Fetch,
  GetTokenOptions,
  Provider,
  Snapshot,
  Store,
  TokenSet,
  TokenSource,
  TransactionStore,
} from '../contracts.ts'

/** Accepts lost sessions. See `ClientOptions[acceptLostSessions]`. */
export const acceptLostSessions: unique symbol = Symbol('acceptLostSessions')

/** What `createClient` needs to know. Only `provider` is required. */
export interface ClientOptions {
  /** Whom people sign in with. */
  readonly provider: Provider
  /** The public client identifier. @default the provider's */
  readonly clientId?: string
  /** How the client proves itself at the token endpoint. @default none(), a public client */
  readonly clientAuth?: ClientAuth
  /** The registered redirect URI, exactly. @default the provider's hosted page, where it has one */
  readonly redirectUri?: string
  /** @default the provider's */
  readonly scopes?: readonly string[]
  /** The API the tokens are for (RFC 8707). @default the provider's */
  readonly resource?: string
  /** Where tokens rest. @default memoryStore(), forgotten when the page or process ends */
  readonly store?: Store
  /** Where a sign-in waits for its callback. @default memory: `finish` must run in the same process as `start` */
  readonly transactions?: TransactionStore
  /** The account slot, for several accounts of one provider. @default 'default' */
  readonly account?: string
  /** @default globalThis.fetch, as it is when `createClient` runs */
  readonly fetch?: Fetch
  /** @default real time */
  readonly clock?: Clock
  /**
   * How long before its end a token is refreshed, in milliseconds, while it is still served.
   *
   * @default 300_000, at most a fifth of the token's lifetime
   */
  readonly refreshBefore?: number
  /** The longest wait for one answer of the server, in milliseconds. @default 30_000 */
  readonly timeout?: number
  /** The longest wait for the store's lock, in milliseconds. @default 30_000 */
  readonly lockTimeout?: number
  /** How long a person may take to sign in, in milliseconds. @default 600_000 */
  readonly transactionTimeout?: number
  /** The origins that may receive the token. @default the provider's, else the resource's */
  readonly apiOrigins?: readonly string[]
  /** Binds the code and the tokens to a key of ours (RFC 9449), so that a stolen one is of no use alone. @default false */
  readonly dpop?: boolean
  /** Push the authorization request (RFC 9126) even if the server does not ask for it. @default false */
  readonly pushedAuthorization?: boolean
  /** Permits `http:` for loopback hosts, and for nothing else. For a server on your own machine. @default false */
  readonly allowInsecureLoopback?: boolean
  /** Called after the fact, outside of any lock. What it throws is ignored. */
  readonly onEvent?: (event: ClientEvent) => void
  /**
   * Uses a store without an indivisible `update` although the provider's refresh tokens rotate: two
   * refreshes at once then log the person out. Nobody gains but whoever cannot change the store.
   *
   * @deprecated So that it is struck through wherever it is used.
   */
  readonly [acceptLostSessions]?: true
}

/** One sign-in's own wishes. */
export interface StartOptions {
  /** JSON of your own, for example where to return to; `finish` hands it back. It never leaves this device. */
  readonly appState?: unknown
  readonly scopes?: readonly string[]
  readonly resource?: string
  /** @default the client's */
  readonly redirectUri?: string
  /** Further parameters of the authorization request, such as `prompt` or `login_hint`. Ours cannot be replaced. */
  readonly authorizationParams?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

/** Where to send the person. */
export interface StartedSignIn {
  readonly url: URL
  /** The transaction's key, also in `url`. Not for logs. */
  readonly state: string
  /** Until when `url` is good: a pushed request ends sooner than the sign-in would. */
  readonly expiresAt: number
}

/** A callback in any of the forms it comes in. A bare code is not one: without `state` nothing can be checked. */
export type Callback = URL | URLSearchParams | string

/** How `finish` treats this callback. */
export interface FinishOptions {
  /** Ends the caller's wait. A code exchange that has begun goes on, and its tokens are stored. */
  readonly signal?: AbortSignal
}

/** What a finished sign-in says. Holds no token. */
export interface SignInResult {
  readonly appState?: unknown
  readonly account?: Account
  /** What was granted, where the server says so. */
  readonly scopes?: readonly string[]
  /** What was asked for and not granted. */
  readonly missingScopes: readonly string[]
  readonly expiresAt?: number
  /** `false`: the store could not be written. The tokens are held in memory, and written with the next call that can. */
  readonly saved: boolean
}

/** How a sign-out treats the server. */
export interface SignOutOptions {
  /** Also ask the server to revoke the tokens (RFC 7009), where it can. @default true */
  readonly revoke?: boolean
  readonly signal?: AbortSignal
}

/** What a sign-out achieved. Locally it always succeeds. */
export interface SignOutResult {
  /** `'unsupported'`: the server has no revocation endpoint. `'failed'`: tell the person, or ask again later. */
  readonly revocation: 'done' | 'failed' | 'unsupported' | 'skipped'
}

/** A device sign-in (RFC 8628) in progress. The texts come from the server: show them, never interpret them. */
export interface DeviceSignIn {
  readonly userCode: string
  readonly verificationUri: string
  /** With the code filled in. Only ever https (or loopback, where allowed). */
  readonly verificationUriComplete?: string
  readonly expiresAt: number
  /** Polls as the server wishes until the person has answered. Bounded by `expiresAt`. */
  wait(options?: { readonly signal?: AbortSignal }): Promise<SignInResult>
}

/** What a device sign-in asks for. */
export interface DeviceOptions {
  readonly scopes?: readonly string[]
  readonly resource?: string
  readonly signal?: AbortSignal
}

/** The Svelte store contract over the snapshot: `$client.readable`. */
export interface SnapshotReadable {
  subscribe(run: (snapshot: Snapshot) => void): () => void
}

/** One application's handle on one provider and one account slot. */
export interface Client extends TokenSource {
  readonly provider: Provider
  /** Begins a sign-in: stores a transaction and gives the URL to visit. */
  start(options?: StartOptions): Promise<StartedSignIn>
  /** Ends it: checks state, then issuer, then error or code; exchanges the code once; stores the tokens. */
  finish(callback: Callback, options?: FinishOptions): Promise<SignInResult>
  /** A token that is good now, refreshed when needed. */
  getToken(options?: GetTokenOptions): Promise<TokenSet>
  getAccessToken(options?: GetTokenOptions): Promise<string>
  /** `fetch` with the token, for `apiOrigins` only; one refresh and one replay after a 401. */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>
  signOut(options?: SignOutOptions): Promise<SignOutResult>
  getSnapshot(): Snapshot
  /** Calls `listener` after each change of the snapshot. */
  subscribe(listener: () => void): () => void
  readonly readable: SnapshotReadable
  /** The access token, or `undefined` when nobody is signed in: with `onUnauthorized`, an MCP `AuthProvider`. */
  token(): Promise<string | undefined>
  onUnauthorized(context?: unknown): Promise<void>
  /** What the server says of the person (OpenID Connect Core §5.3). */
  userInfo(options?: { readonly signal?: AbortSignal }): Promise<Readonly<Record<string, unknown>>>
  /** Asks the server to revoke the tokens and forgets them; unlike `signOut`, a failure to revoke is thrown. */
  revoke(options?: { readonly signal?: AbortSignal }): Promise<void>
  /** Begins a sign-in on another device (RFC 8628). */
  device(options?: DeviceOptions): Promise<DeviceSignIn>
  /** Lets go of listeners, channels and timers. What is stored stays. May be called twice. */
  dispose(): void
}
