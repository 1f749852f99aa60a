import type { Fetch } from '../../src/index.ts'
import { loadPeer, named } from './peers.ts'

/** How many call at once. */
export const crowd = 100

/** A server that counts, and callers who all find their token ended. */
export interface Contender {
  readonly name: string
  /** Makes everything new and ready; then `go` is measured. */
  prepare(fetch: Fetch): Promise<() => Promise<unknown>>
}

export const issuer = 'https://id.example.com'
export const tokenEndpoint = `${issuer}/token`

export function all(run: () => Promise<unknown>): () => Promise<unknown> {
  return () => Promise.all(Array.from({ length: crowd }, run))
}

/** Clients that run in Node and renew what has ended. */
export function expiredPeers(): Promise<readonly Contender[]> {
  return Promise.all([badgateway(), google(), mcp(), oidcClient()])
}

interface Badgateway {
  readonly OAuth2Client: new (options: object) => object
  readonly OAuth2Fetch: new (options: object) => { getAccessToken(): Promise<string> }
}

async function badgateway(): Promise<Contender> {
  const { OAuth2Client, OAuth2Fetch } = await loadPeer<Badgateway>('@badgateway/oauth2-client')
  return {
    name: named('@badgateway/oauth2-client', 'getAccessToken'),
    async prepare(fetch) {
      const token = { accessToken: 'old', expiresAt: Date.now() - 1000, refreshToken: 'r' }
      const client = new OAuth2Client({ server: 'https://id.example.com', tokenEndpoint, clientId: 'bench', fetch })
      const wrapper = new OAuth2Fetch({
        client,
        getNewToken: () => undefined,
        getStoredToken: () => token,
        scheduleRefresh: false,
      })
      return all(() => wrapper.getAccessToken())
    },
  }
}

interface Google {
  readonly OAuth2Client: new (
    options: object,
  ) => { setCredentials(credentials: object): void; getAccessToken(): Promise<unknown> }
}

async function google(): Promise<Contender> {
  const { OAuth2Client } = await loadPeer<Google>('google-auth-library')
  return {
    name: named('google-auth-library', 'getAccessToken'),
    async prepare(fetch) {
      const transporterOptions = { fetchImplementation: fetch }
      const client = new OAuth2Client({
        clientId: 'bench',
        endpoints: { oauth2TokenUrl: tokenEndpoint },
        transporterOptions,
      })
      client.setCredentials({ access_token: 'old', refresh_token: 'r', expiry_date: Date.now() - 1000 })
      return all(() => client.getAccessToken())
    },
  }
}

interface Mcp {
  withOAuth(provider: object, baseUrl: string): (next: Fetch) => (url: string) => Promise<Response>
}

/** It learns from a 401 that the token has ended: each caller meets one. */
async function mcp(): Promise<Contender> {
  const { withOAuth } = await loadPeer<Mcp>('@modelcontextprotocol/sdk/client/middleware.js')
  return {
    name: named('@modelcontextprotocol/sdk', 'withOAuth, a 401 for each'),
    async prepare(fetch) {
      let tokens: object = { access_token: 'old', refresh_token: 'r', token_type: 'Bearer', issuer }
      const provider = {
        redirectUrl: 'https://app.example.com/callback',
        clientMetadata: { redirect_uris: ['https://app.example.com/callback'] },
        clientInformation: () => ({ client_id: 'bench', issuer }),
        tokens: () => tokens,
        saveTokens: (given: object) => void (tokens = given),
        redirectToAuthorization: () => undefined,
        saveCodeVerifier: () => undefined,
        codeVerifier: () => 'v',
      }
      const call = withOAuth(provider, 'https://id.example.com')(mcpWorld(fetch))
      return all(() => call('https://id.example.com/api'))
    },
  }
}

/** An API that refuses the old token, the metadata of its server, and the token endpoint of the bench. */
function mcpWorld(token: Fetch): Fetch {
  return async (input, init) => {
    const { pathname } = new URL(String(input))
    if (pathname === '/token') return token(input, init)
    if (pathname === '/api') {
      const isNew = new Headers(init?.headers).get('authorization') === 'Bearer new'
      return new Response('{}', { status: isNew ? 200 : 401 })
    }
    if (!pathname.startsWith('/.well-known/oauth-authorization-server')) return new Response('', { status: 404 })
    return Response.json({
      issuer: 'https://id.example.com',
      authorization_endpoint: 'https://id.example.com/authorize',
      token_endpoint: tokenEndpoint,
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
    })
  }
}

interface OidcClient {
  readonly UserManager: new (
    settings: object,
  ) => { getUser(): Promise<{ readonly expired?: boolean } | null>; signinSilent(): Promise<unknown> }
  readonly User: new (members: object) => { toStorageString(): string }
  readonly WebStorageStateStore: new (options: object) => { set(key: string, value: string): Promise<void> }
  readonly InMemoryWebStorage: new () => object
}

/** As applications use it: who finds the user expired renews. It asks with the global fetch, lent to it meanwhile. */
async function oidcClient(): Promise<Contender> {
  const { UserManager, User, WebStorageStateStore, InMemoryWebStorage } = await loadPeer<OidcClient>('oidc-client-ts')
  return {
    name: named('oidc-client-ts', 'getUser, signinSilent where it has expired'),
    async prepare(fetch) {
      const userStore = new WebStorageStateStore({ store: new InMemoryWebStorage() })
      const manager = new UserManager({
        authority: 'https://id.example.com',
        client_id: 'bench',
        redirect_uri: 'https://app.example.com/callback',
        metadata: { issuer: 'https://id.example.com', token_endpoint: tokenEndpoint },
        userStore,
        stateStore: userStore,
        automaticSilentRenew: false,
        monitorSession: false,
      })
      const expiresAt = Math.floor(Date.now() / 1000) - 10
      const user = new User({
        access_token: 'old',
        refresh_token: 'r',
        token_type: 'Bearer',
        profile: { sub: 's' },
        expires_at: expiresAt,
      })
      await userStore.set('user:https://id.example.com:bench', user.toStorageString())
      return () =>
        lending(
          fetch,
          all(async () => (await manager.getUser())?.expired === true && manager.signinSilent()),
        )
    },
  }
}

async function lending(fetch: Fetch, work: () => Promise<unknown>): Promise<unknown> {
  const own = globalThis.fetch
  globalThis.fetch = fetch as typeof globalThis.fetch
  try {
    return await work()
  } finally {
    globalThis.fetch = own
  }
}
