import { allowInsecureRequests, clockSkew, customFetch } from 'oauth4webapi'
import type { AuthorizationServer, Client, CustomFetchOptions } from 'oauth4webapi'

import type { Parties } from './call.ts'
import { getDocument } from './get-document.ts'

/** The parties in oauth4webapi's words. */
export function wire({ server, clientId, world }: Parties): { server: AuthorizationServer; client: Client } {
  return {
    server: server as AuthorizationServer,
    client: { client_id: clientId, [clockSkew]: skew(world.clock.now()) },
  }
}

/** How far `now` is from the clock that oauth4webapi reads, in its seconds. */
export function skew(now: number): number {
  return Math.round((now - Date.now()) / 1000)
}

/** What oauth4webapi takes to fetch a document, with our `fetch` in it. */
export interface DocumentFetch {
  readonly [customFetch]: (url: string, options: CustomFetchOptions<'GET'>) => Promise<Response>
  readonly [allowInsecureRequests]: boolean
}

/** How a published document, such as the server's keys, is fetched. */
export function documentFetch(
  { provider, world }: Pick<Parties, 'provider' | 'world'>,
  endpoint: string,
  signal?: AbortSignal,
): DocumentFetch {
  return {
    [customFetch]: (url, { headers }) =>
      getDocument(provider, world, { endpoint, url, headers, ...(signal && { signal }) }),
    [allowInsecureRequests]: world.allowInsecureLoopback,
  }
}
