/**
 * An authorization server for tests: yours, and ours. It is one `(Request) => Promise<Response>` that
 * runs in every runtime, with a person who approves, faults to order, a clock to move and a history to ask.
 *
 * How an app behaves when the answer to a refresh is lost:
 *
 * @example
 * ```ts
 * import { expect, it } from 'vitest'
 * import { createAuthorizationServer } from 'latchkey/testing'
 * import { createApp } from './app.ts'
 *
 * it('stays signed in when the answer to a refresh is lost', async () => {
 *   const server = createAuthorizationServer({ rotation: 'grace' })
 *   const app = createApp({ issuer: server.issuer, fetch: server.fetch })
 *   await app.finishSignIn(await server.approve(await app.signInUrl()))
 *
 *   server.clock.advance(3_600_000)
 *   server.faults.next('token', { drop: true, when: 'after-commit' })
 *   await app.loadInbox().catch(() => {})
 *
 *   expect(await app.loadInbox()).toHaveLength(3)
 *   expect(server.history.filter({ grant: 'refresh_token' })).toMatchObject([
 *     { refreshTokenId: 'rt-1', committed: true },
 *     { refreshTokenId: 'rt-1', status: 200, repeat: true },
 *   ])
 * })
 * ```
 *
 * | to test | use |
 * | --- | --- |
 * | expiry | `server.clock.advance(ms)`, or `revokeAccessTokens()` |
 * | a race | `faults.hold('token')`, then `release()` |
 * | a lost answer | `faults.next('token', { drop: true, when: 'after-commit' })` |
 * | an outage, a limit | `faults.always('token', { status: 503, retryAfter: 30 })` |
 * | a forged ID token | `server.tamper.idTokenClaims = (claims) => ({ ...claims, aud: 'x' })` |
 * | a redirect to an attacker | {@link connect} with two servers |
 * | a session ended elsewhere | `revokeSessions()` |
 * | a real browser or process | `listen` of `latchkey/testing/node` |
 *
 * @module
 */

export type { Clock, Fetch } from '../contracts.ts'
export { connect } from './connect.ts'
export type { Reachable } from './connect.ts'
export { createAuthorizationServer } from './authorization-server.ts'
export type { AuthorizationServer } from './authorization-server.ts'
export type { Fault, FaultPlan, Faults, FaultTarget, Hold, Moment } from './faults.ts'
export type { History, HistoryEntry, HistoryFilter } from './history.ts'
export type {
  Approval,
  AuthorizationServerOptions,
  ClientAuthMethod,
  EndpointName,
  GrantType,
  Lifetimes,
  RegisteredClient,
  RotationPolicy,
  User,
} from './options.ts'
export { providerFaults } from './provider-faults.ts'
export { createProviderServer } from './provider-server.ts'
export type { ProviderServer, ProviderServerOptions } from './provider-server.ts'
export type { ProviderName } from './provider-shape.ts'
export { fingerprint } from './redaction.ts'
export type { Json, Tamper } from './tamper.ts'
export { manualClock, testClock } from './test-clock.ts'
export type { TestClock } from './test-clock.ts'
