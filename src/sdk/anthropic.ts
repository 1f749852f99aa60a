/**
 * A client in the shape of `@anthropic-ai/sdk`.
 *
 * @module
 */

import type { Fetch } from '../contracts.ts'
import type { CallingClient } from './parts/calling-client.ts'
import { otherToken } from './parts/other-token.ts'

export type { CallingClient } from './parts/calling-client.ts'

/** The options of `new Anthropic()` that a client stands in for. */
export interface AnthropicAuth {
  /** No key, so that one in the environment is not looked for. */
  readonly apiKey: null
  readonly authToken: null
  /** `expiresAt` is in seconds, as Anthropic wants it; `null`: unknown. */
  readonly credentials: (options?: { readonly forceRefresh?: boolean }) => Promise<{
    readonly token: string
    readonly expiresAt: number | null
  }>
  readonly fetch: Fetch
}

/**
 * Lets `@anthropic-ai/sdk` (1.x, and 0.x from 0.93) call as whoever signed in.
 *
 * Requests go through `client.fetch`: to the client's `apiOrigins` only, with one refresh after a 401.
 * So a `baseURL` of your own, or one in `ANTHROPIC_BASE_URL`, must be among `apiOrigins`. Keys in the
 * environment are not used. Do not pass `apiKey`, `authToken` or `fetch` besides.
 *
 * Errors: those of `getToken` when the SDK asks for a token, and those of `client.fetch` as the `cause`
 * of the SDK's `APIConnectionError`.
 *
 * @example
 * ```ts
 * const anthropic = new Anthropic({ ...toAnthropic(client) })
 * const message = await anthropic.messages.create({ model, max_tokens: 1024, messages })
 * ```
 */
export function toAnthropic(client: CallingClient): AnthropicAuth {
  let given: string | undefined
  return {
    apiKey: null,
    authToken: null,
    async credentials({ forceRefresh = false } = {}) {
      const { accessToken, expiresAt } = await otherToken(client, forceRefresh ? given : undefined)
      given = accessToken
      return { token: accessToken, expiresAt: expiresAt === undefined ? null : Math.floor(expiresAt / 1000) }
    },
    fetch: (input, init) => client.fetch(input, init),
  }
}
