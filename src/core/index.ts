/**
 * The protocol: given what it needs it answers, and it keeps nothing. For those who compose their own
 * client; `createClient` of `latchkey` is this with a memory, a lock and good manners.
 *
 * @module
 */

export {
  authorizationUrl,
  beginTransaction,
  generateCodeChallenge,
  generateCodeVerifier,
  generateState,
} from './authorize.ts'
export type { AuthorizationRequest } from './authorize.ts'
export type { Parties, Proof, ProvenRequest } from './call.ts'
export { arrivedAt, checkCallback, parseCallback } from './callback.ts'
export type { CheckedCallback, ParsedCallback } from './callback.ts'
export { clientSecretBasic, clientSecretPost, privateKeyJwt } from './client-auth.ts'
export type { PrivateKeyJwtOptions } from './client-auth.ts'
export { clientCredentials } from './client-credentials.ts'
export type { ClientCredentialsRequest } from './client-credentials.ts'
export { authorizeDevice, pollDevice } from './device.ts'
export type { DeviceAuthorization, DeviceRequest } from './device.ts'
export { decodeClaims } from './decode-claims.ts'
export { endpointUrl } from './endpoint-url.ts'
export type { EndpointRules } from './endpoint-url.ts'
export { parseUrl } from './endpoint.ts'
export { exchangeCode } from './exchange.ts'
export type { JsonMembers } from './json.ts'
export { createProof, generateProofKey, readProofKey, writeProofKey } from './proof.ts'
export { refreshTokens } from './refresh.ts'
export type { Refreshed, RefreshRequest } from './refresh.ts'
export { revokeToken } from './revoke.ts'
export type { RevocationRequest } from './revoke.ts'
export { none } from './none.ts'
export { networkError } from './send.ts'
export { discoverServer } from './server.ts'
export type { Server } from './server.ts'
export type { Grant } from './token-answer.ts'
export { fingerprint, isTokenExpired } from './token-set.ts'
export type { ExpiryOptions } from './token-set.ts'
export { userInfo } from './user-info.ts'
export type { UserInfoRequest } from './user-info.ts'
export { realClock } from './world.ts'
export type { World } from './world.ts'
