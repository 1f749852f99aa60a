/**
 * One OAuth 2.0 client for every JavaScript runtime.
 *
 * @module
 */

export { acceptLostSessions } from './client/client.ts'
export type {
  Callback,
  Client,
  ClientOptions,
  DeviceOptions,
  DeviceSignIn,
  FinishOptions,
  SignInResult,
  SignOutOptions,
  SignOutResult,
  SnapshotReadable,
  StartedSignIn,
  StartOptions,
} from './client/client.ts'
export { createClient } from './client/create-client.ts'
export type * from './contracts.ts'
export {
  clientSecretBasic,
  clientSecretPost,
  decodeClaims,
  generateCodeChallenge,
  generateCodeVerifier,
  generateState,
  isTokenExpired,
  none,
  parseCallback,
  privateKeyJwt,
} from './core/index.ts'
export type { ExpiryOptions, JsonMembers, ParsedCallback, PrivateKeyJwtOptions } from './core/index.ts'
export { isOAuthError, OAuthError, untrustedText } from './errors.ts'
export type { AnyOAuthError, OAuthErrorCode, OAuthFailures } from './errors.ts'
export { memoryTransactions } from './stores/memory-transactions.ts'
export type { MemoryTransactionsOptions } from './stores/memory-transactions.ts'
export { memoryStore } from './stores/memory.ts'
