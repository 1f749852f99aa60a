/**
 * A client in the shapes of the AI SDK's providers.
 *
 * @module
 */

import type { Fetch } from '../contracts.ts'
import { toOpenAI } from './openai.ts'
import type { OpenAIAuth } from './openai.ts'
import type { CallingClient } from './parts/calling-client.ts'

export type { OpenAIAuth } from './openai.ts'
export type { CallingClient } from './parts/calling-client.ts'

/** One client for every provider of the AI SDK, by how the provider names its token. */
export interface AISDKAuth {
  /** For `createAnthropic`, which keeps `apiKey` for keys. */
  readonly anthropic: { readonly authToken: () => Promise<string>; readonly fetch: Fetch }
  /** For `createOpenAI`, and whatever else takes its `apiKey` as a function. */
  readonly openai: OpenAIAuth
}

/**
 * Lets the AI SDK (`@ai-sdk/anthropic`, `@ai-sdk/openai`) call as whoever signed in.
 *
 * Requests go through `client.fetch`: to the client's `apiOrigins` only, with one refresh after a 401,
 * which the AI SDK itself does not do. A `baseURL` of your own must be among `apiOrigins`. Keys in the
 * environment are not used.
 *
 * Errors: those of `getToken` and of `client.fetch`, as they are or as the `cause` of the AI SDK's own.
 *
 * @example
 * ```ts
 * const openai = createOpenAI(toAISDK(client).openai)
 * const { text } = await generateText({ model: openai('gpt-5.6'), prompt: 'Good morning' })
 * ```
 */
export function toAISDK(client: CallingClient): AISDKAuth {
  const openai = toOpenAI(client)
  return { openai, anthropic: { authToken: openai.apiKey, fetch: openai.fetch } }
}
