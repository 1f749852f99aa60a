import type { Callback } from '../client/client.ts'
import type { ClientAuth, Clock, Fetch, Provider, TokenSet, Transaction } from '../contracts.ts'
import { checkCallback, discoverServer, exchangeCode, none, parseCallback, realClock } from '../core/index.ts'
import type { Parties } from '../core/index.ts'
import { configError } from '../errors.ts'
import { redirectUriOf } from './build-auth-url.ts'

/** The world and the client's name, as arguments. */
export interface WireOptions {
  /** @default the provider's */
  readonly clientId?: string
  /** @default none(), a public client */
  readonly clientAuth?: ClientAuth
  /** @default globalThis.fetch */
  readonly fetch?: Fetch
  /** @default real time */
  readonly clock?: Clock
  /** The longest wait for one answer, in milliseconds. @default 30_000 */
  readonly timeout?: number
  /** Permits `http:` for loopback hosts. @default false */
  readonly allowInsecureLoopback?: boolean
}

/** A callback, and what the sign-in that it belongs to began with. */
export interface CodeExchange extends WireOptions {
  readonly provider: Provider
  /** The callback URL, its parameters, or `code#state`. A code alone is refused: nothing could be checked. */
  readonly callback: Callback
  /** The `state` that the sign-in began with. */
  readonly state: string
  readonly verifier: string
  readonly port?: number
  /** The very redirect URI that the sign-in began with. @default as for `buildAuthUrl` */
  readonly redirectUri?: string
}

/**
 * Checks a callback and exchanges its code for tokens, once. Stores nothing.
 *
 * Errors: `state_mismatch`, `invalid_callback`, `access_denied`, `authorization_failed`, `config`, and
 * those of any request. No error repeats a state, a code or what the server wrote of them.
 *
 * @example
 * ```ts
 * const tokens = await exchangeCodeForTokens({ provider: anthropic(), callback, state, verifier, port })
 * ```
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3 RFC 6749, section 4.1.3}
 */
export async function exchangeCodeForTokens(request: CodeExchange): Promise<TokenSet> {
  const { provider, state, verifier, callback } = request
  if (state === '') throw new TypeError('state must not be empty.')
  if (!/^[\w.~-]{43,128}$/.test(verifier)) throw new TypeError('verifier must be a code verifier.')
  const parties = await partiesOf(provider, request)
  const now = parties.world.clock.now()
  const transaction: Transaction = {
    state,
    codeVerifier: verifier,
    slot: provider.id,
    issuer: parties.server.issuer,
    clientId: parties.clientId,
    redirectUri: redirectUriOf(request),
    tokenEndpoint: parties.server.token_endpoint ?? '',
    scopes: provider.scopes ?? [],
    ...(provider.resource !== undefined && { resource: provider.resource }),
    startedAt: now,
    expiresAt: now,
  }
  const checked = checkCallback(parseCallback(callback), transaction, parties.server, provider)
  const { tokens } = await exchangeCode({ ...parties, clientId: checked.clientId }, transaction, checked)
  return tokens
}

/** Who speaks to whom in one request. */
export async function partiesOf(provider: Provider, options: WireOptions): Promise<Parties> {
  const { clientId = provider.clientId, clientAuth = none(), fetch, clock = realClock } = options
  if (clientId === undefined) {
    throw configError(`provider ${provider.id} needs a clientId.`)
  }
  const world = {
    fetch: fetch ?? ((input, init) => globalThis.fetch(input, init)),
    clock,
    timeout: options.timeout ?? 30_000,
    allowInsecureLoopback: options.allowInsecureLoopback ?? false,
  } satisfies Parties['world']
  return { provider, server: await discoverServer(provider, world), clientId, clientAuth, world }
}
