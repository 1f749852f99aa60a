/**
 * A client in the shape of `openai`.
 *
 * @module
 */

import type { Fetch, Snapshot } from '../contracts.ts'
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

/** The part of a client that {@link toCodex} needs. */
export interface CodexClient extends CallingClient {
  getSnapshot(): Snapshot
}

/** The options of `new OpenAI()` for a Codex sign-in. */
export interface CodexAuth extends OpenAIAuth {
  readonly baseURL: string
}

/**
 * The same for a client of `openaiCodex()`, whose tokens are good for the Codex API and nothing else: adds
 * its address, and the header `chatgpt-account-id` for accounts that have one. That API wants
 * `store: false` and `stream: true` in each request.
 *
 * @example
 * ```ts
 * const openai = new OpenAI({ ...toCodex(client) })
 * const events = await openai.responses.create({ model, input, store: false, stream: true })
 * ```
 */
export function toCodex(client: CodexClient): CodexAuth {
  const { apiKey, fetch } = toOpenAI(client)
  return {
    apiKey,
    baseURL: 'https://chatgpt.com/backend-api/codex',
    async fetch(input, init) {
      const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined))
      await client.getToken(init?.signal ? { signal: init.signal } : {})
      const { accountId } = client.getSnapshot().account ?? {}
      if (accountId !== undefined) headers.set('chatgpt-account-id', accountId)
      return fetch(input, { ...init, headers })
    },
  }
}
