/**
 * The seams: what rooms say to each other, and what an application may implement itself.
 * This file imports nothing.
 *
 * Times are milliseconds since the epoch and end in `At`; durations are milliseconds.
 *
 * @module
 */

/** The signature of `fetch`. Pass your own to add a proxy, a log, or a test double. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

/** Time as an argument, so that a test can own it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Resolves after `ms` milliseconds, at once when `signal` aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** The tokens, as we hold them. */
export interface TokenSet {
  readonly accessToken: string
  /** How the access token is presented: `Authorization: Bearer …` or, with a proof, `DPoP …`. */
  readonly tokenType: 'Bearer' | 'DPoP'
  readonly refreshToken?: string
  readonly idToken?: string
  /** What was granted, which may be less than what was asked for. Absent when the server never said. */
  readonly scopes?: readonly string[]
  /** When the request that brought the access token was sent, by our clock. */
  readonly obtainedAt?: number
  /** When the access token ends, by our clock. Absent: unknown, not "never"; a 401 is the judge. */
  readonly expiresAt?: number
}

/** Who signed in. `issuer` and `subject` together name a person; an e-mail address does not. */
export interface Account {
  /** `issuer|subject`: a key for your own tables. */
  readonly key?: string
  readonly issuer?: string
  readonly subject?: string
  readonly name?: string
  readonly email?: string
  /** The provider's own account, organisation or workspace identifier, where API calls need one. */
  readonly accountId?: string
  readonly organization?: string
}

/** "I am about to present the refresh token with this hash." Written before the request leaves. */
export interface RefreshIntent {
  /** SHA-256 of the refresh token, base64url. */
  readonly hash: string
  /** Who: a random name, one for each client object. Never an identity. */
  readonly owner: string
  readonly at: number
  /** How many earlier presentations of this refresh token ended without an answer. */
  readonly lost: number
}

/** "The server refused the refresh token with this hash for good." It says nothing of any other token. */
export interface DeadMark {
  /** SHA-256 of the refresh token, base64url. */
  readonly hash: string
  readonly at: number
  /** The server's error code, for example `invalid_grant`. */
  readonly error: string
}

/**
 * What a store holds for one account slot.
 *
 * Its identity is its refresh token (its access token, where there is none), not a counter, because
 * other programs write these files too. Everything but `tokens` may be missing in a record that
 * another program wrote. All of it is JSON, except a `proofKey` in a store that `keepsKeys`.
 */
export interface StoredRecord {
  readonly tokens: TokenSet
  /** Who issued the tokens. They are never sent to anyone else. */
  readonly issuer?: string
  /** To which client id they were issued. */
  readonly clientId?: string
  readonly account?: Account
  readonly intent?: RefreshIntent
  readonly dead?: DeadMark
  /** The DPoP key (RFC 9449) the tokens are bound to: a key pair where the store keeps keys, else a private JWK. */
  readonly proofKey?: CryptoKeyPair | JsonWebKey
}

/** Gives the record that shall be stored, seeing the one that is; `undefined` removes. Synchronous, pure. */
export type RecordChange = (current: StoredRecord | undefined) => StoredRecord | undefined

/** Limits of a wait for a lock. */
export interface LockOptions {
  /** The longest wait, in milliseconds; then `lock_timeout`. */
  readonly timeout: number
  readonly signal?: AbortSignal
}

/**
 * Where records rest.
 *
 * Errors: `store_corrupt` (what is there cannot be read; nothing is overwritten), `store_denied`
 * (no permission), `persist_failed` (it could not be written), `lock_timeout`.
 */
export interface Store {
  /** `'eventual'`: `update` is not indivisible, so rotating refresh tokens are refused there. */
  readonly consistency: 'atomic' | 'eventual'
  /** Whether `CryptoKey` objects survive here, so that a private key need not be extractable. */
  readonly keepsKeys?: boolean
  /** Set where nobody outside this process can reach what is stored, so that no sibling need be waited for. */
  readonly solitary?: boolean
  get(key: string): Promise<StoredRecord | undefined>
  /** The only way to write: reads, asks `change`, and writes its answer, indivisibly. Gives what is stored then. */
  update(key: string, change: RecordChange): Promise<StoredRecord | undefined>
  keys(): Promise<string[]>
  /**
   * Runs `task` while nobody else who shares this store runs one for `key`. The wait is bounded; the
   * task is not. `held` reads and writes under the lock that is already held.
   */
  lock<T>(key: string, task: (held: HeldStore) => Promise<T>, options: LockOptions): Promise<T>
  /** Calls `listener` when another context changed `key`: a hint to read again, never data. */
  watch?(key: string, listener: () => void): () => void
}

/** A store as seen by whoever holds its lock. */
export type HeldStore = Pick<Store, 'get' | 'update'>

/**
 * What must survive between leaving for the provider and coming back. Used once.
 *
 * All of it is JSON, except a `proofKey` where transactions may hold keys. It holds secrets: whoever
 * writes it down outside this origin's own storage seals it.
 */
export interface Transaction {
  /** The key, and the `state` parameter (RFC 6749 §10.12). */
  readonly state: string
  readonly codeVerifier: string
  readonly nonce?: string
  /** How long ago the person may have proven who they are, in seconds: the `max_age` that was asked for. */
  readonly maxAge?: number
  /** The store key of the account slot that will be filled. */
  readonly slot: string
  readonly issuer: string
  readonly clientId: string
  readonly redirectUri: string
  /** Recorded at the start, so that the code goes where the person was sent, whatever metadata says later. */
  readonly tokenEndpoint: string
  readonly scopes: readonly string[]
  readonly resource?: string
  /** JSON of the application's own, handed back by `finish`. */
  readonly appState?: unknown
  /** The DPoP key that the code is bound to (RFC 9449 §10), a private JWK unless the store `keepsKeys`. */
  readonly proofKey?: CryptoKeyPair | JsonWebKey
  readonly startedAt: number
  readonly expiresAt: number
}

/** Where transactions wait. `take` must be indivisible: of two callers one gets it. */
export interface TransactionStore {
  /** Whether `CryptoKey` objects survive here, so that a private key need not be extractable. */
  readonly keepsKeys?: boolean
  put(transaction: Transaction): Promise<void>
  take(state: string): Promise<Transaction | undefined>
}

/** How good a token must be. */
export interface GetTokenOptions {
  /** The token must still be good for this long, in milliseconds. */
  readonly minValidity?: number
  /** Asks the server even if the token at hand looks good. */
  readonly forceRefresh?: boolean
  /** Ends the caller's wait. A refresh that has begun goes on: its answer must not be lost. */
  readonly signal?: AbortSignal
}

/** Anything that answers `getToken()`. */
export interface TokenSource {
  getToken(options?: GetTokenOptions): Promise<TokenSet>
}

/** One request to be authenticated as a client. */
export interface ClientAuthRequest {
  readonly issuer: string
  readonly clientId: string
  /** The form fields of the request; add to them. */
  readonly body: URLSearchParams
  /** The headers of the request; add to them. */
  readonly headers: Headers
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** Proves to the server which client is asking, by adding to a request's headers or its body. */
export type ClientAuth = (request: ClientAuthRequest) => void | Promise<void>

/**
 * What a server does with a refresh token once it was used:
 *
 * - `none`: it stays good
 * - `grace`: the one before stays good for a time
 * - `until-first-use`: the one before stays good until the new one is used
 * - `strict`: it is dead, and showing it again ends the session
 * - `unknown`: treated as carefully as `strict`, but an answer that was lost is asked for again at once
 */
export type Rotation = 'none' | 'grace' | 'until-first-use' | 'strict' | 'unknown'

/** The endpoints of a server that publishes no metadata, or whose metadata shall not be asked for. */
export interface ProviderEndpoints {
  readonly authorization?: string
  readonly token: string
  readonly revocation?: string
  readonly userInfo?: string
  readonly jwks?: string
  readonly pushedAuthorization?: string
  readonly deviceAuthorization?: string
  readonly endSession?: string
}

/** How requests to one endpoint differ from the RFCs. */
export interface RequestQuirks {
  /** How bodies are written. @default 'form' */
  readonly encoding?: 'form' | 'json'
  /** Headers of the server's own, for example an API version. */
  readonly headers?: Readonly<Record<string, string>>
}

/** How a server's token requests differ from RFC 6749. */
export interface TokenRequestQuirks extends RequestQuirks {
  /** Also send `state` with the code. */
  readonly sendState?: boolean
  /** Fields added to each refresh request. */
  readonly refreshParams?: Readonly<Record<string, string>>
  /** What a refresh request has in place of the above. */
  readonly refresh?: RequestQuirks
}

/** Posts fields to an address of the provider's, within the limits of every request, and gives the answer. */
export type PostFields = (
  url: string,
  fields: Readonly<Record<string, string>>,
  encoding?: RequestQuirks['encoding'],
) => Promise<Response>

/** Makes a request of ours, `fields` to `url`, in the server's own way, and words its answer as the RFC does. */
export type RequestDialect = (url: string, fields: URLSearchParams, post: PostFields) => Promise<Response>

/** An OAuth error as read from a body that is not shaped as RFC 6749 §5.2 says. */
export interface ProviderError {
  readonly error: string
  readonly description?: string
}

/** Whom a person signs in with, and how that server differs from the RFCs: a row of data. */
export interface Provider {
  /** The store key: `'anthropic'`, `'openai-codex'`, … Letters, digits, `.`, `_`, `-`. */
  readonly id: string
  /** For people. */
  readonly name: string
  /** The issuer identifier (RFC 8414). Its metadata is fetched when `endpoints` is absent. */
  readonly issuer?: string
  /** Which document names the endpoints: OpenID Connect Discovery's or RFC 8414's. @default 'oidc' */
  readonly discovery?: 'oidc' | 'oauth2'
  readonly endpoints?: ProviderEndpoints
  readonly clientId?: string
  readonly redirect?: {
    readonly loopback?: { readonly host: string; readonly ports?: readonly number[]; readonly path: string }
    /** A page of the provider's that shows `code#state` for copying. */
    readonly hosted?: string
  }
  readonly scopes?: readonly string[]
  readonly resource?: string
  readonly authorizationParams?: Readonly<Record<string, string>>
  /** @default 'unknown' */
  readonly rotation?: Rotation
  readonly apiOrigins?: readonly string[]
  /** Headers each API call carries beside the token, unless it sets them itself. */
  readonly apiHeaders?: Readonly<Record<string, string>>
  /** Headers that are lists (RFC 9110 §5.6.1): each call carries these members too, whatever else it lists. */
  readonly apiListHeaders?: Readonly<Record<string, string>>
  /** The header in which each API call names `account.accountId`, where the person has one. */
  readonly accountHeader?: string
  readonly tokenRequest?: TokenRequestQuirks
  readonly revocationRequest?: RequestQuirks
  /** What stands between the scopes in a token answer. @default ' ' */
  readonly scopeSeparator?: string
  /** Error codes that, like `invalid_grant`, end a refresh token for good. */
  readonly terminalErrors?: readonly string[]
  /**
   * What to do with an `iss` in the callback when the server's metadata does not announce it
   * (RFC 9207 §2.4). It is compared in any case. @default 'reject'
   */
  readonly unannouncedIssuer?: 'reject' | 'compare'
  /** Reads an error body of the server's own shape. */
  readonly readError?: (body: unknown, status: number) => ProviderError | undefined
  /** Reads who signed in from a token answer and the ID token's claims. */
  readonly readAccount?: (
    answer: Readonly<Record<string, unknown>>,
    claims?: Readonly<Record<string, unknown>>,
  ) => Account | undefined
  /** Reads the client id that the server issued in the callback. */
  readonly readClientId?: (callback: URLSearchParams) => string | undefined
  /** Makes a device authorization request (RFC 8628 §3.1) where the server has a device login of its own kind. */
  readonly beginDeviceLogin?: RequestDialect
  /** Makes a device access token request (RFC 8628 §3.4) to such a server. */
  readonly pollDeviceLogin?: RequestDialect
  /** Whether a web page can use the token endpoint (CORS, and no secret needed); `undefined` when nobody knows. */
  readonly browser?: boolean
}

/** What a client knows at this moment. Immutable; the same object until something changes. */
export interface Snapshot {
  readonly status: 'loading' | 'signed-out' | 'signed-in'
  readonly account?: Account
  readonly expiresAt?: number
  /** The last failure's stable code, for example `network`; absent again after a success. */
  readonly error?: string
}

/** What happened, for logs and metrics. Never holds a secret. */
export type ClientEvent =
  | { readonly type: 'signed-in'; readonly account?: Account }
  | { readonly type: 'refreshed'; readonly expiresAt?: number }
  /** Another tab, process or isolate had refreshed; its result was taken over. */
  | { readonly type: 'adopted'; readonly expiresAt?: number }
  | { readonly type: 'refresh-failed'; readonly code: string; readonly retryable: boolean }
  /** A token came but could not be written. It is served from memory and written with the next call. */
  | { readonly type: 'persist-failed'; readonly code: string }
  | { readonly type: 'signed-out'; readonly reason: 'asked' | 'elsewhere' | 'rejected' }
