import { createHash } from 'node:crypto'
import type { Provider, StoredRecord, TokenSet } from '../contracts.ts'
import { authFilePath } from '../node/auth-file-path.ts'
import type { FreshTokenOptions } from '../node/ensure-fresh-token.ts'
import type { CodeExchange } from '../node/exchange-code-for-tokens.ts'
import type { AuthFileOptions } from '../node/load-auth.ts'
import type { LoginResult } from '../node/login.ts'
import type { OAuthMode } from '../node/oauth-client.ts'
import type { RefreshTokenRequest } from '../node/refresh-token.ts'
import type { SaveAuthOptions } from '../node/save-auth.ts'
import { anthropic } from '../providers/anthropic.ts'
import { openaiCodex } from '../providers/openai.ts'
import type { CallbackServerOptions } from '../redirects/loopback.node.ts'
import { ask, sameThread } from './ask.ts'
import type { BlockingLoginOptions, Plain } from './calls.ts'

/**
 * The S256 code challenge of `verifier` (RFC 7636 §4.2).
 *
 * @example
 * ```ts
 * const challenge = generateCodeChallenge(verifier)
 * ```
 */
export function generateCodeChallenge(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url')
}

/**
 * As `exchangeCodeForTokens` of `latchkey/node`.
 *
 * @example
 * ```ts
 * const tokens = exchangeCodeForTokens({ provider: anthropic(), callback, state, verifier, port })
 * ```
 */
export function exchangeCodeForTokens(request: Plain<CodeExchange>): TokenSet {
  return ask('exchangeCodeForTokens', [request])
}

/**
 * As `refreshToken` of `latchkey/node`.
 *
 * @example
 * ```ts
 * const tokens = refreshToken({ provider: anthropic(), tokens: old }) // nothing is stored: do that first
 * ```
 */
export function refreshToken(request: Plain<RefreshTokenRequest>): TokenSet {
  return ask('refreshToken', [request])
}

/**
 * As `loadAuth` of `latchkey/node`.
 *
 * @example
 * ```ts
 * const names = Object.keys(loadAuth())
 * ```
 */
export function loadAuth(options: AuthFileOptions = {}): Readonly<Record<string, StoredRecord>> {
  return ask('loadAuth', [placed(options)])
}

/**
 * As `loadProviderAuth` of `latchkey/node`.
 *
 * @example
 * ```ts
 * const record = loadProviderAuth('openai-codex')
 * ```
 */
export function loadProviderAuth(slot: string, options: AuthFileOptions = {}): StoredRecord | undefined {
  return ask('loadProviderAuth', [slot, placed(options)])
}

/**
 * As `saveAuth` of `latchkey/node`.
 *
 * @example
 * ```ts
 * saveAuth({ tokens })
 * ```
 */
export function saveAuth(record: StoredRecord, options: SaveAuthOptions = {}): void {
  saveProviderAuth('anthropic', record, options)
}

/**
 * As `saveProviderAuth` of `latchkey/node`.
 *
 * @example
 * ```ts
 * saveProviderAuth('openai-codex', { tokens })
 * ```
 */
export function saveProviderAuth(slot: string, record: StoredRecord, options: SaveAuthOptions = {}): void {
  ask('saveProviderAuth', [slot, record, placed(options)])
}

/**
 * As `ensureFreshToken` of `latchkey/node`.
 *
 * @example
 * ```ts
 * const { accessToken } = ensureFreshToken({ minValidity: 60_000 })
 * ```
 */
export function ensureFreshToken(options: Plain<FreshTokenOptions> = {}): TokenSet {
  return ensureFreshProviderToken(anthropic(), options)
}

/**
 * As `ensureFreshProviderToken` of `latchkey/node`.
 *
 * @example
 * ```ts
 * const { accessToken } = ensureFreshProviderToken(openaiCodex())
 * ```
 */
export function ensureFreshProviderToken(provider: Provider, options: Plain<FreshTokenOptions> = {}): TokenSet {
  return ask('ensureFreshProviderToken', [{ ...placed(options), provider }])
}

/**
 * As `login` of `latchkey/node`, by a loopback port. The address to visit is printed.
 *
 * @example
 * ```ts
 * const { account } = login({ mode: 'console' })
 * ```
 */
export function login({ mode, ...options }: BlockingLoginOptions & { readonly mode?: OAuthMode } = {}): LoginResult {
  return loginWith(options.provider ?? anthropic(mode === undefined ? {} : { mode }), options)
}

/**
 * As `loginOpenAICodex` of `latchkey/node`, by a loopback port. The address to visit is printed.
 *
 * @example
 * ```ts
 * const { account } = loginOpenAICodex()
 * ```
 */
export function loginOpenAICodex(options: BlockingLoginOptions = {}): LoginResult {
  return loginWith(options.provider ?? openaiCodex(), options)
}

function loginWith(provider: Provider, options: BlockingLoginOptions): LoginResult {
  const patience = options.signIn?.timeout ?? 300_000
  return ask('login', [{ ...placed(options), provider }], patience + 60_000)
}

/**
 * As `openBrowser` of `latchkey/node`.
 *
 * @example
 * ```ts
 * if (!openBrowser(url)) console.error(`Open ${url}`)
 * ```
 */
export function openBrowser(url: string | URL): boolean {
  return ask('openBrowser', [String(url)])
}

/** A callback server whose answer is waited for without an `await`. */
export interface BlockingCallbackServer {
  readonly redirectUri: string
  readonly port: number
  /** The callback URL. Stands still until it comes. */
  waitForCallback(): string
  /** Tells the browser how it went, and stops listening. */
  respond(outcome: 'signed-in' | 'failed'): void
}

/**
 * As `startCallbackServer` of `latchkey/node`, for one `state`.
 *
 * @example
 * ```ts
 * const server = startCallbackServer({ state, path: '/callback' })
 * const callback = server.waitForCallback()
 * server.respond('signed-in')
 * ```
 */
export function startCallbackServer(
  options: Plain<CallbackServerOptions> & { readonly state: string },
): BlockingCallbackServer {
  const { timeout = 300_000 } = options
  const askThere = sameThread()
  const { id, redirectUri, port } = askThere('startCallbackServer', [options])
  return {
    redirectUri,
    port,
    waitForCallback: () => askThere('awaitCallback', [id], timeout + 10_000),
    respond: (outcome) => askThere('endCallback', [id, outcome]),
  }
}

/** With the path as this thread's environment names it. */
function placed<T extends AuthFileOptions>(options: T): T & { readonly path: string } {
  return { ...options, path: options.path ?? authFilePath() }
}
