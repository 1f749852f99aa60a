import { createHash } from 'node:crypto'
import type { Callback } from '../client/client.ts'
import type { Fetch, Provider, TokenSet } from '../contracts.ts'
import { generateCodeVerifier, generateState, networkError } from '../core/index.ts'
import { isOAuthError, OAuthError } from '../errors.ts'
import { anthropic, createApiKey } from '../providers/anthropic.ts'
import { buildAuthUrl, redirectUriOf } from './build-auth-url.ts'
import { exchangeCodeForTokens } from './exchange-code-for-tokens.ts'
import type { WireOptions } from './exchange-code-for-tokens.ts'
import { refreshToken } from './refresh-token.ts'

/** Who signs in: a Claude plan, or a Console customer. See `anthropic`, also for whose permission that needs. */
export type OAuthMode = 'max' | 'console'

/** What of the configuration is plain data. */
export interface OAuthData extends Pick<WireOptions, 'clientId' | 'timeout' | 'allowInsecureLoopback'> {
  /** @default the hosted page that shows `code#state` */
  readonly redirectUri?: string
  /** `http://localhost:<port>/callback`, in place of `redirectUri`. */
  readonly redirectPort?: number
  readonly scopes?: readonly string[]
  /** Other addresses than Anthropic's, for example of a test server. */
  readonly endpoints?: Provider['endpoints']
  readonly apiOrigins?: readonly string[]
}

/** How the client asks. Everything has a default. */
export type OAuthConfig = OAuthData & Pick<WireOptions, 'fetch' | 'clock'>

/** A sign-in that has begun: plain data, to be kept until its answer comes. `state` and `verifier` are secrets. */
export interface OAuthFlow {
  readonly authorizationUrl: string
  readonly state: string
  readonly verifier: string
  readonly mode: OAuthMode
  /** Where the answer comes back to; the exchange names the same. */
  readonly redirectUri: string
}

/** Anthropic's sign-in, step by step, with nothing stored. */
export interface OAuthClient {
  /** Begins a sign-in. Does no I/O. */
  startFlow(mode: OAuthMode): OAuthFlow
  /** Exchanges what came back, `code#state` or the callback URL, once. */
  exchangeCode(callback: Callback, flow: OAuthFlow): Promise<TokenSet>
  /** Renews tokens; keeps the refresh token where no new one comes. */
  refreshToken(tokens: string | TokenSet): Promise<TokenSet>
  /** Creates an API key with the tokens of a `console` sign-in. */
  createApiKey(tokens: string | TokenSet): Promise<string>
}

/**
 * Creates a client for programs that keep everything themselves: tokens, state, verifier.
 *
 * Nothing is stored, locked or renewed behind your back. For that, see `createNodeClient`; for the same
 * without `await`, `latchkey/blocking`.
 *
 * Errors: those of `exchangeCodeForTokens`, `refreshToken` and `createApiKey`.
 *
 * @example
 * ```ts
 * const client = createOAuthClient({ redirectPort: 8080 })
 * const flow = client.startFlow('console')
 * const tokens = await client.exchangeCode(pasted, flow)
 * const apiKey = await client.createApiKey(tokens)
 * ```
 */
export function createOAuthClient(config: OAuthConfig = {}): OAuthClient {
  const rows = { max: rowOf('max', config), console: rowOf('console', config) } as const
  return {
    startFlow: (mode) => beginFlow(modeRow(rows, mode), mode, config),
    exchangeCode: (callback, { mode, state, verifier, redirectUri }) =>
      exchangeCodeForTokens({ ...config, provider: modeRow(rows, mode), callback, state, verifier, redirectUri }),
    refreshToken: (tokens) => refreshToken({ ...config, provider: rows.console, tokens }),
    async createApiKey(given) {
      const tokens: TokenSet = typeof given === 'string' ? { accessToken: given, tokenType: 'Bearer' } : given
      if (tokens.accessToken === '') throw new TypeError('There is no access token.')
      return createKey(rows.console, tokens, config)
    },
  }
}

/** A bare `fetch` knows neither our time limit nor our errors. */
async function createKey(provider: Provider, tokens: TokenSet, config: OAuthConfig): Promise<string> {
  const { fetch = globalThis.fetch, timeout: after = 30_000 } = config
  const signal = AbortSignal.timeout(after)
  try {
    const client = { provider, getToken: async () => tokens, fetch: withToken(fetch, tokens) }
    return await createApiKey(client, { signal })
  } catch (error) {
    if (signal.aborted) throw new OAuthError('timeout', { what: 'the API key', after })
    throw isOAuthError(error) ? error : networkError('api', error)
  }
}

/** Begins a sign-in with a row. */
function beginFlow(provider: Provider, mode: OAuthMode, config: OAuthData): OAuthFlow {
  const { redirectPort: port, redirectUri: given } = config
  const redirectUri = redirectUriOf({
    provider,
    ...(port !== undefined && { port }),
    ...(given && { redirectUri: given }),
  })
  const [state, verifier] = [generateState(), generateCodeVerifier()]
  const challenge = createHash('sha256').update(verifier).digest('base64url')
  const { href } = buildAuthUrl({ provider, challenge, state, redirectUri })
  return { authorizationUrl: href, state, verifier, mode, redirectUri }
}

function modeRow(rows: Readonly<Record<OAuthMode, Provider>>, mode: OAuthMode): Provider {
  if (mode !== 'max' && mode !== 'console') throw new TypeError("mode must be 'max' or 'console'.")
  return rows[mode]
}

function rowOf(mode: OAuthMode, { clientId, scopes, endpoints, apiOrigins }: OAuthData): Provider {
  return anthropic({
    mode,
    ...(clientId !== undefined && { clientId }),
    ...(scopes !== undefined && { scopes }),
    ...(endpoints !== undefined && { endpoints, issuer: new URL(endpoints.token).origin }),
    ...(apiOrigins !== undefined && { apiOrigins }),
  })
}

function withToken(fetch: Fetch, { accessToken }: TokenSet): Fetch {
  return (input, init) => {
    const headers = new Headers(init?.headers)
    headers.set('authorization', `Bearer ${accessToken}`)
    return fetch(input, { ...init, headers, redirect: 'manual' })
  }
}
