/**
 * An authorization server for tests: yours, and ours. It is one `(Request) => Promise<Response>` with
 * faults to order, a clock to move and a history to ask, and runs in every runtime.
 *
 * @module
 */

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
export { fingerprint } from './redaction.ts'
export type { Json, Tamper } from './tamper.ts'
export { manualClock, testClock } from './test-clock.ts'
export type { TestClock } from './test-clock.ts'
