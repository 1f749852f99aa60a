import type { Provider } from '../contracts.ts'
import { failure } from './failure.ts'
import { send } from './send.ts'
import type { World } from './world.ts'

/** A document that a server publishes for everybody. */
export interface DocumentRequest {
  /** A role for messages: `'discovery'` or `'jwks'`. */
  readonly endpoint: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

/** Gets a document, unless the answer is an error. */
export async function getDocument(provider: Provider, world: World, request: DocumentRequest): Promise<Response> {
  const { endpoint, url, headers, signal } = request
  const response = await send(world, endpoint, url, { method: 'GET', headers, ...(signal && { signal }) })
  const text = await response.text()
  const failed = failure({ endpoint, response, text, now: world.clock.now(), provider, secrets: () => [] })
  if (failed !== undefined) throw failed
  return response
}
