import * as oauth from 'oauth4webapi'
import type { Fetch } from '../../src/index.ts'
import { loadPeer, named } from './peers.ts'
import type { Racer } from './race.ts'
import { accessToken, apiInit, apiUrl, cachedTokens } from './stub-client.ts'

/** What peers without a page of their own have for a call with a token at hand. */
export interface PeerRacers {
  readonly fetches: readonly Racer[]
  readonly tokens: readonly Racer[]
}

export async function peerRacers(stub: Fetch): Promise<PeerRacers> {
  const peers = [await mcp(stub), await openidClient(stub), await badgateway(stub), await google(stub)]
  const own: PeerRacers = { fetches: [oauth4webapi(stub)], tokens: [] }
  const all = [own, ...peers]
  return { fetches: all.flatMap(({ fetches }) => fetches), tokens: all.flatMap(({ tokens }) => tokens) }
}

function oauth4webapi(stub: Fetch): Racer {
  const headers = new Headers(apiInit.headers)
  const url = new URL(apiUrl)
  const options = {
    [oauth.customFetch]: stub as NonNullable<oauth.ProtectedResourceRequestOptions[typeof oauth.customFetch]>,
  }
  return {
    name: named('oauth4webapi', 'protectedResourceRequest'),
    run: () => oauth.protectedResourceRequest(accessToken, apiInit.method, url, headers, apiInit.body, options),
  }
}

interface McpMiddleware {
  withOAuth(provider: object, baseUrl: string): (next: Fetch) => (url: string, init: RequestInit) => Promise<Response>
}

async function mcp(stub: Fetch): Promise<PeerRacers> {
  const { withOAuth } = await loadPeer<McpMiddleware>('@modelcontextprotocol/sdk/client/middleware.js')
  const tokens = { access_token: accessToken, token_type: 'Bearer' }
  const call = withOAuth({ tokens: () => tokens }, 'https://id.example.com')(stub)
  return {
    fetches: [{ name: named('@modelcontextprotocol/sdk', 'withOAuth'), run: () => call(apiUrl, apiInit) }],
    tokens: [],
  }
}

interface OpenidClient {
  readonly customFetch: symbol
  readonly Configuration: new (server: object, clientId: string) => Record<symbol, unknown>
  fetchProtectedResource(
    config: object,
    token: string,
    url: URL,
    method: string,
    body: string,
    headers: Headers,
  ): Promise<Response>
}

async function openidClient(stub: Fetch): Promise<PeerRacers> {
  const client = await loadPeer<OpenidClient>('openid-client')
  const config = new client.Configuration({ issuer: 'https://id.example.com' }, 'bench')
  config[client.customFetch] = stub
  const headers = new Headers(apiInit.headers)
  const url = new URL(apiUrl)
  return {
    fetches: [
      {
        name: named('openid-client', 'fetchProtectedResource'),
        run: () => client.fetchProtectedResource(config, accessToken, url, apiInit.method, apiInit.body, headers),
      },
    ],
    tokens: [],
  }
}

interface Badgateway {
  readonly OAuth2Client: new (options: object) => object
  readonly OAuth2Fetch: new (
    options: object,
  ) => {
    mw(): (request: Request, next: (request: Request) => Promise<Response>) => Promise<Response>
    getAccessToken(): Promise<string>
  }
}

async function badgateway(stub: Fetch): Promise<PeerRacers> {
  const { OAuth2Client, OAuth2Fetch } = await loadPeer<Badgateway>('@badgateway/oauth2-client')
  const token = { accessToken, expiresAt: cachedTokens.expiresAt, refreshToken: 'r' }
  const wrapper = new OAuth2Fetch({
    client: new OAuth2Client({ server: 'https://id.example.com', clientId: 'bench' }),
    getNewToken: () => token,
    scheduleRefresh: false,
  })
  await wrapper.getAccessToken()
  const call = wrapper.mw()
  return {
    fetches: [
      {
        name: named('@badgateway/oauth2-client', 'mw(new Request)'),
        run: () => call(new Request(apiUrl, apiInit), stub),
      },
    ],
    tokens: [{ name: named('@badgateway/oauth2-client', 'getAccessToken'), run: () => wrapper.getAccessToken() }],
  }
}

interface Google {
  readonly OAuth2Client: new (
    options: object,
  ) => {
    setCredentials(credentials: object): void
    getAccessToken(): Promise<unknown>
    getRequestHeaders(url: string): Promise<Headers>
  }
}

async function google(stub: Fetch): Promise<PeerRacers> {
  const { OAuth2Client } = await loadPeer<Google>('google-auth-library')
  const client = new OAuth2Client({ clientId: 'bench' })
  client.setCredentials({ access_token: accessToken, refresh_token: 'r', expiry_date: cachedTokens.expiresAt })
  return {
    fetches: [
      {
        name: named('google-auth-library', 'getRequestHeaders, and the stub'),
        run: async () => stub(apiUrl, { ...apiInit, headers: await client.getRequestHeaders(apiUrl) }),
      },
    ],
    tokens: [{ name: named('google-auth-library', 'getAccessToken'), run: () => client.getAccessToken() }],
  }
}
