import type { Fetch } from '../contracts.ts'
import { judgeAuthorization } from './approval.ts'
import type { Context } from './context.ts'
import { answerDevice, findDevice } from './device-endpoints.ts'
import { createFaults } from './faults.ts'
import type { Faults } from './faults.ts'
import { historyOf } from './history.ts'
import type { History, OpenEntry } from './history.ts'
import { createLedger } from './ledger.ts'
import type { Approval, AuthorizationServerOptions } from './options.ts'
import { createProofNonces } from './proof-nonces.ts'
import { refusalOf } from './refusal.ts'
import { refuseRepeated } from './request-body.ts'
import { serve } from './serve.ts'
import type { Desk } from './serve.ts'
import { settle } from './settings.ts'
import { createSigningKeys } from './signing-keys.ts'
import type { Tamper } from './tamper.ts'
import { testClock } from './test-clock.ts'
import type { TestClock } from './test-clock.ts'

/** An authorization server and a protected API in one function. */
export interface AuthorizationServer {
  /** The issuer identifier; the metadata is found from here. */
  readonly issuer: string
  /** Where the protected API stands: `/echo` and `/stream` below it. */
  readonly apiUrl: string
  /**
   * Answers a request. It has the signature of `fetch`, so it can be given to a client in its place.
   *
   * It rejects in two cases only: a `drop` fault (`TypeError`, as `fetch` does), and the request's own
   * signal. Redirects are answered, not followed; {@link connect} gives a `fetch` that follows them.
   */
  readonly fetch: Fetch
  /** What was asked, and what became of it. */
  readonly history: History
  /** What shall go wrong. */
  readonly faults: Faults
  /** The server's time, to be moved. */
  readonly clock: TestClock
  /** Defects to order; its fields may be set and deleted at any time. */
  readonly tamper: Tamper
  /**
   * Answers an authorization URL as a person would, and gives the callback URL; no request is made.
   *
   * Rejects with a `TypeError` when the server would show an error page instead of a way back.
   */
  approve(authorizationUrl: string | URL, approval?: Approval): Promise<URL>
  /** Lets in, or turns away, the device that shows this code. */
  approveDevice(userCode: string, approval?: Approval): Promise<void>
  /** Signs with a new key from now on. `keep: false` withdraws the old ones from the JWKS. */
  rotateKeys(options?: { readonly keep?: boolean }): Promise<void>
  /** Makes all DPoP nonces void, so that the next proof is asked for a new one. */
  rotateNonces(): void
  /** Makes all access tokens void at once, long before they expire. Refresh tokens stay good. */
  revokeAccessTokens(): void
  /** Ends every session, as an administrator would: no token of any client is good any more. */
  revokeSessions(): void
}

/**
 * Creates an authorization server that lives in memory: OAuth 2.0, OpenID Connect, and an API to call.
 *
 * It runs wherever the library runs, opens no port and needs no network. It is strict where a client
 * must be right (PKCE, redirect URIs, one-time codes, rotation with reuse detection) and does harm only
 * where a test orders it. Never let real people sign in with it: there are no passwords.
 *
 * @example
 * ```ts
 * import { createClient } from 'latchkey'
 * import { oidc } from 'latchkey/providers/oidc'
 * import { createAuthorizationServer, manualClock } from 'latchkey/testing'
 *
 * const clock = manualClock()
 * const server = createAuthorizationServer({ clock })
 * const client = createClient({
 *   provider: oidc({ issuer: server.issuer }),
 *   clientId: 'app',
 *   redirectUri: 'https://app.example.com/callback',
 *   apiOrigins: [new URL(server.apiUrl).origin],
 *   fetch: server.fetch,
 *   clock,
 * })
 *
 * const { url } = await client.start()
 * await client.finish(await server.approve(url))
 *
 * clock.advance(3_600_000)
 * const response = await client.fetch(`${server.apiUrl}/echo`)
 * expect(response.status).toBe(200)
 * expect(server.history.count({ endpoint: 'token', grant: 'refresh_token' })).toBe(1)
 * ```
 *
 * @throws `TypeError` when `issuer` is not an http or https URL.
 */
export function createAuthorizationServer(options: AuthorizationServerOptions = {}): AuthorizationServer {
  const context = createContext(options)
  const { ledger, settings } = context
  const entries: OpenEntry[] = []
  const { faults, strike } = createFaults()
  return {
    issuer: settings.issuer,
    apiUrl: settings.endpoints.api,
    fetch: (input, init) => answer({ context, entries, strike }, new Request(input, init)),
    history: historyOf(entries),
    faults,
    clock: context.clock,
    tamper: context.tamper,
    async approve(authorizationUrl, approval = {}) {
      return callbackOf(context, new URL(authorizationUrl), approval)
    },
    async approveDevice(userCode, approval = {}) {
      const grant = findDevice(context, userCode)
      if (grant === undefined) throw new TypeError('No device waits for this code.')
      answerDevice(context, grant, approval)
    },
    rotateKeys: (how) => context.keys.rotate(how),
    rotateNonces: () => context.nonces.rotate(),
    revokeAccessTokens() {
      for (const token of ledger.accessTokens.values()) token.revoked = true
    },
    revokeSessions() {
      for (const family of ledger.families) family.revoked = true
      for (const token of ledger.accessTokens.values()) token.revoked = true
    },
  }
}

function createContext(options: AuthorizationServerOptions): Context {
  const settings = settle(options)
  return {
    settings,
    clock: clockOf(options),
    ledger: createLedger(),
    keys: createSigningKeys(settings.idTokenAlg),
    nonces: createProofNonces(settings.dpopNonces),
    tamper: { ...options.tamper },
  }
}

function clockOf({ clock }: AuthorizationServerOptions): TestClock {
  return clock !== undefined && 'advance' in clock ? (clock as TestClock) : testClock(clock)
}

function callbackOf(context: Context, url: URL, approval: Approval): URL {
  if (url.origin + url.pathname !== context.settings.endpoints.authorization) {
    throw new TypeError('This is not the authorization endpoint.')
  }
  try {
    refuseRepeated(url.searchParams)
    const verdict = judgeAuthorization(context, url.searchParams, approval)
    if ('callback' in verdict) return verdict.callback
  } catch (thrown) {
    const refusal = refusalOf(thrown)
    throw refusal === undefined ? thrown : new TypeError(`There is no way back: ${refusal.description}`)
  }
  throw new TypeError('There is no way back: the person was not asked.')
}

/** The caller's signal ends the caller's wait. The server goes on: what it has committed stays so. */
async function answer(desk: Desk, request: Request): Promise<Response> {
  const { signal } = request
  signal.throwIfAborted()
  let abandon = (): void => {}
  const abandoned = new Promise<never>((_, reject) => {
    abandon = () => reject(signal.reason)
    signal.addEventListener('abort', abandon)
  })
  try {
    return await Promise.race([serve(desk, request), abandoned])
  } finally {
    signal.removeEventListener('abort', abandon)
  }
}
