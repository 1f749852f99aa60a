import type { ClientOptions } from '../client/client.ts'
import type { ClientAuth, Store } from '../contracts.ts'
import type { CookieSecrets } from './cookie-seal.ts'
import type { ProxyRule } from './proxy.ts'

/** What `createWorkerHandler` needs to know. */
export interface WorkerHandlerOptions extends Omit<ClientOptions, 'account' | 'transactions' | 'store' | 'clientAuth'> {
  /**
   * Where browsers find this server: an https origin; `http:` for loopback only. Never taken from a request:
   * whoever sends one chooses its `Host`.
   *
   * With `http:`, cookies have no `Secure` and no `__Host-`: browsers do not agree about these there.
   */
  readonly publicUrl: string
  /** Where tokens rest: in a Worker a Durable Object. What the default store forgets, people lose. */
  readonly store: Store
  /**
   * How this server proves itself to the provider. A server can keep a secret; `none()` is for providers
   * that give none, and then anybody may sign people in under the same client id.
   */
  readonly clientAuth: ClientAuth
  /**
   * Seals the cookies: 32 random characters or more; several while you rotate, the new one first; or a function
   * that fetches them, asked again every 5 minutes. Everybody signs in again when none of the old ones is left.
   */
  readonly cookieSecret: CookieSecrets | (() => Promise<CookieSecrets>)
  /** Where the sign-in's own routes are. Cookies are named after it, so that several handlers can share an origin. @default '/auth' */
  readonly basePath?: string
  /**
   * `'bff'`: tokens never reach the browser. `'token-mediating'`: `GET token` gives scripts the access token, never
   * the refresh token; whatever runs in the page can take it along.
   *
   * @default 'bff'
   */
  readonly mode?: 'bff' | 'token-mediating'
  /** How long a session lasts from its sign-in, in milliseconds, whatever is done with it. @default 43_200_000 // 12 hours */
  readonly sessionLifetime?: number
  /**
   * Other origins whose scripts may ask, with cookies, as the same person. Session cookies are
   * `SameSite=Strict`, so only origins of the same site have any use of it.
   *
   * @default []
   */
  readonly allowedOrigins?: readonly string[]
  /**
   * Says whose account slot a request may use, where you have sessions of your own, or one account for all
   * whom you let in. `undefined` is nobody. Then no session cookie is set. The answer must come from something
   * that the caller cannot choose.
   */
  readonly authenticate?: (request: Request) => string | undefined | Promise<string | undefined>
  /** What of which API may be called through this server. @default [] */
  readonly proxy?: readonly ProxyRule[]
  /** Hears of each failure that a request ran into. It holds no secret unless a function of yours threw one. */
  readonly onError?: (error: unknown) => void
}

/** The part of a Worker's context that we use. Elsewhere there is none. */
export interface WorkerContext {
  /** Keeps the isolate alive until `work` is done, although the answer has been sent. */
  waitUntil(work: Promise<unknown>): void
}

/** Which tokens `refreshDue` renews. */
export interface RefreshDueOptions {
  /** Those that end within this time, in milliseconds. Longer than the pause between two runs. */
  readonly within: number
  readonly signal?: AbortSignal
}

/** What `refreshDue` did. */
export interface RefreshDueReport {
  readonly refreshed: number
  /** Sessions whose time was over, and that were ended. */
  readonly ended: number
  /** Those that could not be renewed, by error code. */
  readonly failed: Readonly<Record<string, number>>
}

/** Answers requests; and what a clock should ask of it. */
export interface WorkerHandler {
  (request: Request, context?: WorkerContext): Promise<Response>
  /**
   * Renews the tokens of everybody that would end soon, so that nobody waits for it, and ends the sessions
   * whose time is over. For a cron trigger. Needs a store that can tell its `keys`.
   *
   * Errors: those of `keys`; a single account's are counted.
   */
  refreshDue(options: RefreshDueOptions): Promise<RefreshDueReport>
}
