// Runs in a page, which page-peers.ts opens: browsers' clients, each signed in as it keeps a session itself.

import type { Fetch } from '../../src/index.ts'
import { floorFetch } from './floor.ts'
import type { BenchRow } from './part.ts'
import { nanoseconds, race } from './race.ts'
import type { Racer } from './race.ts'
import { accessToken, apiInit, apiOrigin, apiUrl, cachedTokens, stubClient } from './stub-client.ts'

const answer = new Response('{}')
const stub: Fetch = async () => answer

/** Whose address and name tokens have that nobody looks at. */
const issuer = 'https://id.example.com'
const clientId = 'bench'
const redirectUri = `${location.origin}/callback`

type Make = (peer: never) => Promise<Racer['run']>

/** The way of each peer to the token at hand. */
const tokens: Readonly<Record<string, Make>> = {
  async oidcClient({ UserManager, User, WebStorageStateStore }: OidcClient) {
    const userStore = new WebStorageStateStore({ store: localStorage })
    const manager = new UserManager({
      authority: issuer,
      client_id: clientId,
      redirect_uri: redirectUri,
      metadata: { issuer },
      userStore,
      automaticSilentRenew: false,
    })
    const expiresAt = Math.floor(cachedTokens.expiresAt / 1000)
    const profile = { sub: 's' }
    await manager.storeUser(
      new User({ access_token: accessToken, token_type: 'Bearer', profile, expires_at: expiresAt }),
    )
    return async () => checked((await manager.getUser())?.access_token)
  },

  async auth0({ Auth0Client }: Auth0) {
    const client = new Auth0Client({ domain: 'id.example.com', clientId, cacheLocation: 'localstorage' })
    const claims = { sub: 's' }
    await client.cacheManager.setIdToken(clientId, 'e30.e30.e30', { claims, user: claims })
    await client.cacheManager.set({
      client_id: clientId,
      audience: 'default',
      scope: 'openid profile email',
      access_token: accessToken,
      expires_in: 36_000,
      decodedToken: { claims: { ...claims, exp: Math.floor(cachedTokens.expiresAt / 1000) }, user: claims },
    })
    return async () => checked(await client.getTokenSilently())
  },

  async okta({ OktaAuth }: Okta) {
    const auth = new OktaAuth({ issuer, clientId, redirectUri, tokenManager: { autoRenew: false } })
    const expiresAt = Math.floor(cachedTokens.expiresAt / 1000)
    const accessTokenObject = {
      accessToken,
      claims: { sub: 's', iat: 0, exp: expiresAt },
      tokenType: 'Bearer',
      scopes: ['openid'],
      expiresAt,
      authorizeUrl: `${issuer}/v1/authorize`,
      userinfoUrl: `${issuer}/v1/userinfo`,
    }
    auth.tokenManager.setTokens({ accessToken: accessTokenObject })
    return async () => checked(await auth.getOrRenewAccessToken())
  },

  async msal({ PublicClientApplication, loadExternalTokens }: Msal) {
    const authority = 'https://login.microsoftonline.com/common'
    const config = {
      auth: { clientId: '00000000-0000-0000-0000-000000000001', authority, redirectUri },
      cache: { cacheLocation: 'localStorage' },
    }
    const part = (members: object): string => btoa(JSON.stringify(members)).replace(/[=]+$/, '')
    const who = { oid: 'oid', tid: 'tid', preferred_username: 'p@example.com', iss: authority, sub: 's', name: 'P' }
    const exp = Math.floor(cachedTokens.expiresAt / 1000)
    const idToken = `${part({ alg: 'none' })}.${part({ ...who, aud: config.auth.clientId, exp })}.c2ln`
    const scopes = ['openid', 'profile', 'user.read']
    const loaded = await loadExternalTokens(
      config,
      { scopes, authority },
      {
        access_token: accessToken,
        id_token: idToken,
        expires_in: 36_000,
        scope: scopes.join(' '),
        token_type: 'Bearer',
      },
      { clientInfo: part({ uid: 'oid', utid: 'tid' }) },
    )
    const app = new PublicClientApplication(config)
    await app.initialize()
    const request = { scopes: ['user.read'], account: loaded.account, authority }
    return async () => checked((await app.acquireTokenSilent(request)).accessToken)
  },

  async authkit({ createClient }: Authkit) {
    const part = (members: object): string => btoa(JSON.stringify(members)).replace(/[=]+$/, '')
    const exp = Math.floor(cachedTokens.expiresAt / 1000)
    const jwt = `${part({ alg: 'none' })}.${part({ sub: 's', sid: 'sid', iat: exp - 36_000, exp })}.c2ln`
    const body = { access_token: jwt, refresh_token: 'r', user: { id: 'u', object: 'user' } }
    localStorage.setItem('workos:refresh-token', 'r')
    const own = globalThis.fetch
    globalThis.fetch = async () => Response.json(body)
    const client = await createClient(clientId, { apiHostname: 'id.example.com', devMode: true, redirectUri })
    globalThis.fetch = own
    return async () => {
      if ((await client.getAccessToken()) !== jwt) throw new Error('That is another token.')
    }
  },
}

function checked(token: string | undefined): void {
  if (token !== accessToken) throw new Error('That is another token.')
}

async function bench(rounds: number, names: Readonly<Record<string, string>>): Promise<BenchRow[]> {
  const { peers } = globalThis as unknown as { readonly peers: Readonly<Record<string, unknown>> }
  const client = await stubClient(stub)
  const racers: Racer[] = []
  for (const [key, name] of Object.entries(names)) {
    const make = tokens[key] as (peer: unknown) => Promise<Racer['run']>
    const run = await make(peers[key]).catch((error: unknown) => {
      throw new Error(`${name} could not be signed in: ${String(error)}`, { cause: error })
    })
    racers.push({ name, run })
  }
  const floor = floorFetch(stub, apiOrigin, cachedTokens)
  return race(
    [
      { name: 'an async function that looks at nothing', run: async () => cachedTokens.accessToken },
      { name: 'client.getAccessToken()', run: () => client.getAccessToken() },
      { name: 'client.fetch, plain init', run: () => client.fetch(apiUrl, apiInit) },
      { name: 'floor of fetch: expiry, origin by prefix, look at the status', run: () => floor(apiUrl, apiInit) },
      ...racers,
    ],
    { rounds, batch: 1, warmUp: 300, unit: nanoseconds },
  )
}

interface OidcClient {
  readonly UserManager: new (
    settings: object,
  ) => { storeUser(user: object): Promise<void>; getUser(): Promise<{ readonly access_token: string } | null> }
  readonly User: new (members: object) => object
  readonly WebStorageStateStore: new (options: object) => object
}

interface Auth0 {
  readonly Auth0Client: new (
    options: object,
  ) => {
    readonly cacheManager: {
      setIdToken(clientId: string, token: string, decoded: object): Promise<void>
      set(entry: object): Promise<void>
    }
    getTokenSilently(): Promise<string>
  }
}

interface Okta {
  readonly OktaAuth: new (
    options: object,
  ) => { readonly tokenManager: { setTokens(tokens: object): void }; getOrRenewAccessToken(): Promise<string> }
}

interface Msal {
  readonly PublicClientApplication: new (
    config: object,
  ) => { initialize(): Promise<void>; acquireTokenSilent(request: object): Promise<{ readonly accessToken: string }> }
  loadExternalTokens(
    config: object,
    request: object,
    response: object,
    options: object,
  ): Promise<{ readonly account: object }>
}

interface Authkit {
  createClient(clientId: string, options: object): Promise<{ getAccessToken(): Promise<string> }>
}

Object.assign(globalThis, { bench, ready: true })
