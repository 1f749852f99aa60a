/**
 * A client in the shape of `openai`.
 *
 * @module
 */

import type { Fetch } from '../contracts.ts'
import type { CallingClient } from './parts/calling-client.ts'

export type { CallingClient } from './parts/calling-client.ts'

/** The options of `new OpenAI()` that a client stands in for. */
export interface OpenAIAuth {
  readonly apiKey: () => Promise<string>
  readonly fetch: Fetch
}

/**
 * Lets `openai` call as whoever signed in. Also fits whatever takes an `apiKey` function and a `fetch`.
 *
 * Requests go through `client.fetch`: to the client's `apiOrigins` only, with one refresh after a 401.
 * So a `baseURL` of your own, or one in `OPENAI_BASE_URL`, must be among `apiOrigins`. Keys in the
 * environment are not used. Do not pass `apiKey` or `fetch` besides.
 *
 * Errors: those of `getToken`, and those of `client.fetch`, as the `cause` of the SDK's own.
 *
 * @example
 * ```ts
 * const openai = new OpenAI({ ...toOpenAI(client) })
 * const response = await openai.responses.create({ model, input: 'Good morning' })
 * ```
 */
export function toOpenAI(client: CallingClient): OpenAIAuth {
  return {
    apiKey: async () => (await client.getToken()).accessToken,
    fetch: (input, init) => client.fetch(input, init),
  }
}

/** The options of `new OpenAI()` for a Codex sign-in. */
export interface CodexAuth extends OpenAIAuth {
  readonly baseURL: string
}

/**
 * The same for a client of `openaiCodex()`, whose tokens are good for the Codex API and nothing else: adds
 * its address. The header `chatgpt-account-id`, for accounts that have one, is that client's own. That API
 * wants `store: false` and `stream: true` in each request.
 *
 * @example
 * ```ts
 * const openai = new OpenAI({ ...toCodex(client) })
 * const events = await openai.responses.create({ model, input, store: false, stream: true })
 * ```
 */
export function toCodex(client: CallingClient): CodexAuth {
  return { ...toOpenAI(client), baseURL: 'https://chatgpt.com/backend-api/codex' }
}
