import {
  calculatePKCECodeChallenge,
  generateRandomCodeVerifier,
  generateRandomNonce,
  generateRandomState,
} from 'oauth4webapi'

import type { StoredRecord, Transaction } from '../contracts.ts'
import { configError } from '../errors.ts'
import type { Parties } from './call.ts'
import { parseUrl } from './endpoint.ts'
import { loaded } from './loaded.ts'

/**
 * A code verifier for PKCE: 43 unreserved characters, 256 random bits (RFC 7636 §4.1).
 *
 * @example
 * ```ts
 * const verifier = generateCodeVerifier()
 * ```
 */
export function generateCodeVerifier(): string {
  return generateRandomCodeVerifier()
}

/**
 * The S256 code challenge of `verifier` (RFC 7636 §4.2).
 *
 * @example
 * ```ts
 * url.searchParams.set('code_challenge', await generateCodeChallenge(verifier))
 * ```
 */
export function generateCodeChallenge(verifier: string): Promise<string> {
  return calculatePKCECodeChallenge(verifier)
}

/**
 * A `state`: 43 characters, 256 random bits (RFC 6749 §10.12).
 *
 * @example
 * ```ts
 * const state = generateState()
 * ```
 */
export function generateState(): string {
  return generateRandomState()
}

/** What one sign-in asks for. */
export interface AuthorizationRequest {
  readonly slot: string
  readonly redirectUri: string
  readonly scopes: readonly string[]
  readonly resource?: string
  readonly params?: Readonly<Record<string, string>>
  readonly appState?: unknown
  /** The key that the code, and the tokens after it, shall be bound to. */
  readonly proofKey?: StoredRecord['proofKey']
  /** How long the person may take, in milliseconds. */
  readonly lifetime: number
}

/** Parameters that are ours alone. */
const reserved = [
  'client_id',
  'client_secret',
  'code_challenge',
  'code_challenge_method',
  'dpop_jkt',
  'nonce',
  'redirect_uri',
  'request',
  'request_uri',
  'resource',
  'response_mode',
  'response_type',
  'scope',
  'state',
]

/**
 * Makes the transaction for one sign-in: fresh state and verifier, and a nonce where OpenID Connect is spoken.
 *
 * @example
 * ```ts
 * const transaction = beginTransaction(parties, {
 *   slot: 'example',
 *   redirectUri: 'https://app.example.com/callback',
 *   scopes: ['openid'],
 *   lifetime: 600_000,
 * })
 * ```
 */
export function beginTransaction(parties: Parties, request: AuthorizationRequest): Transaction {
  const { provider, server, clientId, world } = parties
  const { slot, redirectUri, scopes, resource, appState, proofKey, lifetime } = request
  const maxAge = readMaxAge({ ...provider.authorizationParams, ...request.params }['max_age'])
  if (server.token_endpoint === undefined) throw configError('the server names no token endpoint.')
  checkRedirectUri(redirectUri)
  checkResource(resource)
  const startedAt = world.clock.now()
  return {
    state: generateState(),
    codeVerifier: generateCodeVerifier(),
    ...(scopes.includes('openid') && { nonce: generateRandomNonce() }),
    ...(maxAge !== undefined && { maxAge }),
    slot,
    issuer: server.issuer,
    clientId,
    redirectUri,
    tokenEndpoint: server.token_endpoint,
    scopes,
    ...(resource !== undefined && { resource }),
    ...(appState !== undefined && { appState }),
    ...(proofKey !== undefined && { proofKey }),
    startedAt,
    expiresAt: startedAt + lifetime,
  }
}

/** What is asked for must be checked in the answer (OpenID Connect Core §3.1.3.7), so it must be a number. */
function readMaxAge(value: string | undefined): number | undefined {
  if (value === undefined || value === '') return undefined
  if (!/^\d{1,9}$/.test(value)) throw configError('max_age must be a number of seconds.')
  return Number(value)
}

/**
 * Gives the URL to visit for a transaction. With `pushed` the request itself travels through the back
 * channel, and the URL names it only.
 *
 * @example
 * ```ts
 * const url = await authorizationUrl(parties, transaction, { pushed: false }) // send the person there
 * ```
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1 RFC 6749, section 4.1.1}
 * @see {@link https://www.rfc-editor.org/rfc/rfc9126 RFC 9126}
 */
export async function authorizationUrl(
  parties: Parties,
  transaction: Transaction,
  options: {
    readonly params?: Readonly<Record<string, string>>
    readonly pushed: boolean
    readonly signal?: AbortSignal
  },
): Promise<{ readonly url: URL; readonly expiresAt: number }> {
  const { server, clientId, world } = parties
  if (server.authorization_endpoint === undefined) throw configError('the server names no authorization endpoint.')
  const url = new URL(server.authorization_endpoint)
  // Hashing leads through another thread in some runtimes: what can be done meanwhile is.
  const [challenge, params] = await Promise.all([
    generateCodeChallenge(transaction.codeVerifier),
    authorizationParams(parties, transaction, options.params),
  ])
  params.set('code_challenge', challenge)
  if (!options.pushed) {
    append(url, params)
    return { url, expiresAt: transaction.expiresAt }
  }
  const { push } = await loaded(import('./optional.ts'), world)
  const { requestUri, expiresAt } = await push(parties, params, options.signal)
  append(url, new URLSearchParams({ client_id: clientId, request_uri: requestUri }))
  return { url, expiresAt: Math.min(transaction.expiresAt, expiresAt) }
}

/** All that is asked for, but the challenge. */
async function authorizationParams(
  { provider, world }: Parties,
  transaction: Transaction,
  extra: Readonly<Record<string, string>> | undefined,
): Promise<URLSearchParams> {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries({ ...provider.authorizationParams, ...extra })) {
    if (reserved.includes(name)) throw configError(`authorizationParams must not contain ${name}.`)
    if (value !== '') params.set(name, value)
  }
  params.set('response_type', 'code')
  params.set('client_id', transaction.clientId)
  params.set('redirect_uri', transaction.redirectUri)
  const scope = transaction.scopes.join(' ')
  if (scope !== '') params.set('scope', scope)
  params.set('state', transaction.state)
  params.set('code_challenge_method', 'S256')
  if (transaction.nonce !== undefined) params.set('nonce', transaction.nonce)
  if (transaction.resource !== undefined) params.set('resource', transaction.resource)
  if (transaction.proofKey !== undefined) {
    const { proofThumbprint } = await loaded(import('./proof.ts'), world)
    params.set('dpop_jkt', await proofThumbprint(transaction.proofKey))
  }
  return params
}

/** Keeps the endpoint's own query (RFC 6749 §3.1) and adds no parameter twice. */
function append(url: URL, params: URLSearchParams): void {
  const own = url.search === '' ? undefined : url.searchParams
  for (const name of params.keys()) {
    if (own?.has(name)) throw configError(`the authorization endpoint already carries the parameter ${name}.`)
  }
  // All at once: an address is read anew each time that anything in it changes.
  url.search = own === undefined ? `${params}` : `${own}&${params}`
}

/** @see {@link https://www.rfc-editor.org/rfc/rfc8252#section-7.1 RFC 8252, section 7.1} for schemes of one's own */
function checkRedirectUri(redirectUri: string): void {
  const url = parseUrl(redirectUri)
  if (url === undefined) throw configError('redirectUri is not an absolute URL.')
  if (redirectUri.includes('#')) throw configError('redirectUri must not contain a fragment.')
  const scheme = url.protocol.slice(0, -1)
  if (scheme === 'https' || scheme === 'http') {
    if (url.username !== '' || url.password !== '')
      throw configError('redirectUri must not contain a user name or password.')
    return
  }
  if (!scheme.includes('.'))
    throw configError('a redirectUri with a scheme of your own must use a reversed domain name.')
}

/**
 * Refuses what is no resource indicator.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8707#section-2 RFC 8707, section 2}
 */
export function checkResource(resource: string | undefined): string | undefined {
  if (resource === undefined) return undefined
  if (parseUrl(resource) === undefined) throw configError('resource is not an absolute URI.')
  if (resource.includes('#')) throw configError('resource must not contain a fragment.')
  return resource
}
