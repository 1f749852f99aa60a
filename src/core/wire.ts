import { allowInsecureRequests, clockSkew, customFetch } from 'oauth4webapi'
import type { AuthorizationServer, Client, ClientAuth as WireAuth, CustomFetchOptions } from 'oauth4webapi'

import type { Parties } from './call.ts'
import { getDocument } from './get-document.ts'
import { within } from './wait.ts'

/** What oauth4webapi's request functions take, with our `fetch` in them. */
export interface WireOptions {
  readonly [customFetch]: (url: string, options: CustomFetchOptions<string, unknown>) => Promise<Response>
  readonly [allowInsecureRequests]: boolean
}

/** The parties in oauth4webapi's words. */
export function wire(parties: Parties): {
  readonly server: AuthorizationServer
  readonly client: Client
  readonly auth: WireAuth
} {
  const { server, clientId, clientAuth, world } = parties
  return {
    server: server as AuthorizationServer,
    client: { client_id: clientId, [clockSkew]: skew(world.clock.now()) },
    // It may ask somebody, such as a keeper of keys, who never answers; and a lock may be held meanwhile.
    auth: (_server, _client, body, headers) => {
      const proven = clientAuth({ issuer: server.issuer, clientId, body, headers, now: world.clock.now() })
      return proven && within(proven, 'the client authentication', world.timeout, world.clock)
    },
  }
}

/** How far `now` is from the clock that oauth4webapi reads, in its seconds. */
export function skew(now: number): number {
  return Math.round((now - Date.now()) / 1000)
}

/** How a published document, such as the server's keys, is fetched. */
export function documentFetch(
  { provider, world }: Pick<Parties, 'provider' | 'world'>,
  endpoint: string,
  signal?: AbortSignal,
): Pick<WireOptions, typeof customFetch | typeof allowInsecureRequests> {
  return {
    [customFetch]: (url, { headers }) =>
      getDocument(provider, world, { endpoint, url, headers, ...(signal && { signal }) }),
    [allowInsecureRequests]: world.allowInsecureLoopback,
  }
}
