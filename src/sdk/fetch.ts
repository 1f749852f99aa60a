/**
 * A client in the shape of `fetch`.
 *
 * @module
 */

import type { Fetch } from '../contracts.ts'
import { isOAuthError } from '../errors.ts'

/** The part of a client that {@link toFetch} needs. */
export interface FetchingClient {
  readonly fetch: Fetch
}

/**
 * Gives a `fetch` that carries the token to the client's `apiOrigins`, and hands every other request to
 * `next` as it came. For whatever takes a `fetch` and calls several servers with it; as middleware,
 * `(next) => toFetch(client, next)`. Where only the API is called, `client.fetch` is enough, and stricter.
 *
 * Errors: those of `client.fetch` but `origin_not_allowed`, and those of `next`.
 *
 * @param next What makes the other requests. @default globalThis.fetch, as it is when a request is made
 *
 * @example
 * ```ts
 * const api = createApi({ fetch: toFetch(client) })
 * ```
 */
export function toFetch(client: FetchingClient, next: Fetch = (input, init) => globalThis.fetch(input, init)): Fetch {
  return async (input, init) => {
    // Looking at a request uses up its body, which `next` may still need.
    const other = input instanceof Request && input.body !== null ? input.clone() : input
    try {
      const response = await client.fetch(input, init)
      if (other !== input) (other as Request).body?.cancel().catch(() => undefined)
      return response
    } catch (error) {
      if (isOAuthError(error) && error.code === 'origin_not_allowed') return next(other, init)
      throw error
    }
  }
}
