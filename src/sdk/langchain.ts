/**
 * A client in the shapes of LangChain's chat models.
 *
 * @module
 */

import type { Fetch } from '../contracts.ts'
import { toAnthropic } from './anthropic.ts'
import type { AnthropicAuth } from './anthropic.ts'
import { toOpenAI } from './openai.ts'
import type { CallingClient } from './parts/calling-client.ts'

export type { AnthropicAuth } from './anthropic.ts'
export type { CallingClient } from './parts/calling-client.ts'

/** One client for LangChain's chat models. */
export interface LangChainAuth {
  /** The fields of `ChatOpenAI`. */
  readonly openai: { readonly apiKey: () => Promise<string>; readonly configuration: { readonly fetch: Fetch } }
  /** The fields of `ChatAnthropic`, for the class `Anthropic` of the `@anthropic-ai/sdk` that it uses. */
  anthropic<Options extends object, Sdk>(
    Anthropic: new (options: Options & AnthropicAuth) => Sdk,
  ): { readonly createClient: (options: Options) => Sdk }
}

/**
 * Lets LangChain (`@langchain/openai`, `@langchain/anthropic`) call as whoever signed in.
 *
 * Requests go through `client.fetch`: to the client's `apiOrigins` only, with one refresh after a 401.
 * Keys in the environment are not used.
 *
 * Errors: those of `getToken` and of `client.fetch`, as they are or as the `cause` of LangChain's own.
 *
 * @example
 * ```ts
 * const gpt = new ChatOpenAI({ model: 'gpt-5.6', ...toLangChain(client).openai })
 * const claude = new ChatAnthropic({ model: 'claude-sonnet-5', ...toLangChain(client).anthropic(Anthropic) })
 * ```
 */
export function toLangChain(client: CallingClient): LangChainAuth {
  const { apiKey, fetch } = toOpenAI(client)
  return {
    openai: { apiKey, configuration: { fetch } },
    anthropic: (Anthropic) => ({ createClient: (options) => new Anthropic({ ...options, ...toAnthropic(client) }) }),
  }
}
