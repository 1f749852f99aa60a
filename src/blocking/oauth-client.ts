import type { Callback } from '../client/client.ts'
import type { TokenSet } from '../contracts.ts'
import { createOAuthClient as createAsyncClient } from '../node/oauth-client.ts'
import type { OAuthData, OAuthFlow, OAuthMode } from '../node/oauth-client.ts'
import { ask } from './ask.ts'

/** Anthropic's sign-in, step by step, with nothing stored and nothing to await. */
export interface OAuthClient {
  /** Begins a sign-in. Does no I/O. */
  startFlow(mode: OAuthMode): OAuthFlow
  /** Exchanges what came back, `code#state` or the callback URL, once. */
  exchangeCode(callback: Callback, flow: OAuthFlow): TokenSet
  /** Renews tokens; keeps the refresh token where no new one comes. */
  refreshToken(tokens: string | TokenSet): TokenSet
  /** Creates an API key with the tokens of a `console` sign-in. */
  createApiKey(tokens: string | TokenSet): string
}

/**
 * Creates a client whose calls stand still until they are done: nothing else of the thread runs
 * meanwhile. For scripts; anything that serves somebody wants `createOAuthClient` of `latchkey/node`.
 *
 * Errors: as there; `timeout`.
 *
 * @example
 * ```ts
 * const client = createOAuthClient()
 * const flow = client.startFlow('console')
 * const tokens = client.exchangeCode(pasted, flow)
 * const apiKey = client.createApiKey(tokens)
 * ```
 */
export function createOAuthClient(config: OAuthData = {}): OAuthClient {
  const { startFlow } = createAsyncClient(config)
  return {
    startFlow,
    exchangeCode: (callback, flow) => ask('exchangeCode', [config, callback, flow]),
    refreshToken: (tokens) => ask('renew', [config, tokens]),
    createApiKey: (tokens) => ask('createApiKey', [config, tokens]),
  }
}
