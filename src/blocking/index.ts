/**
 * The same without `await`, for scripts under Node, Deno and Bun: another thread does the work, and this
 * one stands still until it is done.
 *
 * ```ts
 * const { accessToken } = ensureFreshToken()
 * ```
 *
 * @module
 */

export { generateCodeVerifier, generateState, isTokenExpired } from '../core/index.ts'
export { authFilePath } from '../node/auth-file-path.ts'
export { buildAuthUrl } from '../node/build-auth-url.ts'
export type { OAuthData, OAuthFlow, OAuthMode } from '../node/oauth-client.ts'
export type { BlockingLoginOptions, Plain } from './calls.ts'
export {
  ensureFreshProviderToken,
  ensureFreshToken,
  exchangeCodeForTokens,
  generateCodeChallenge,
  loadAuth,
  loadProviderAuth,
  login,
  loginOpenAICodex,
  openBrowser,
  refreshToken,
  saveAuth,
  saveProviderAuth,
  startCallbackServer,
} from './functions.ts'
export type { BlockingCallbackServer } from './functions.ts'
export { createOAuthClient } from './oauth-client.ts'
export type { OAuthClient } from './oauth-client.ts'
