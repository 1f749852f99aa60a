import { randomBytes } from 'node:crypto'
import Provider, { errors, type ProviderClient, type ProviderContext } from 'oidc-provider'
import type { WorldClients } from './context.ts'
import { listen, type Listening } from './listen.ts'
import { unboundedAdapter } from './unbounded-adapter.ts'

/** A real authorization server on loopback. Nothing of it is ours but the settings. */
export interface AuthorizationServer {
  readonly issuer: string
  readonly resource: string
  readonly clients: WorldClients
  close(): Promise<void>
}

export async function startAuthorizationServer(): Promise<AuthorizationServer> {
  const { server, port, close }: Listening = await listen()
  const issuer = `http://localhost:${port}`
  const clients = await createClients()
  const signingKey = { ...(await createKey('signing')), use: 'sig', alg: 'ES256' }
  const provider = new Provider(issuer, {
    jwks: { keys: [signingKey] },
    clients: registrations(clients),
    adapter: unboundedAdapter(),
    ...settings,
  })
  provider.on('server_error', (_context, error) => console.error('authorization server:', error))
  server.on('request', provider.callback())
  return { issuer, resource, clients, close }
}

const resource = 'https://api.example.test'

const grants = {
  code: 'authorization_code',
  refresh: 'refresh_token',
  device: 'urn:ietf:params:oauth:grant-type:device_code',
}

const settings = {
  cookies: { keys: [randomBytes(16).toString('hex')] },
  clientBasedCORS: () => true,
  pkce: { required: () => true },
  scopes: ['openid', 'offline_access', 'profile', 'email'],
  claims: { openid: ['sub'], profile: ['name'], email: ['email'] },
  findAccount: async (_context: unknown, id: string) => ({
    accountId: id,
    claims: async () => ({ sub: id, name: id.toUpperCase(), email: `${id}@example.test` }),
  }),
  enabledJWA: {
    idTokenSigningAlgValues: ['ES256'],
    requestObjectSigningAlgValues: ['ES256'],
    clientAuthSigningAlgValues: ['ES256'],
  },
  rotateRefreshToken: true,
  issueRefreshToken: async (_context: unknown, client: ProviderClient) => client.grantTypeAllowed(grants.refresh),
  ttl: {
    AccessToken: 3600,
    AuthorizationCode: 10,
    DeviceCode: 60,
    Grant: 7200,
    IdToken: 3600,
    Interaction: 60,
    RefreshToken: 7200,
    Session: 600,
  },
  features: {
    devInteractions: { enabled: true },
    revocation: { enabled: true },
    introspection: { enabled: true },
    deviceFlow: { enabled: true },
    rpInitiatedLogout: { enabled: true },
    pushedAuthorizationRequests: { enabled: true },
    dPoP: {
      enabled: true,
      nonceSecret: randomBytes(32),
      requireNonce: (context: ProviderContext) => context.oidc?.client?.clientId === 'dpop',
    },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => undefined,
      useGrantedResource: () => true,
      getResourceServerInfo: (_context: unknown, indicator: string) => {
        if (indicator !== resource) throw new errors.InvalidTarget()
        return { scope: 'read write', audience: indicator, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } }
      },
    },
  },
}

async function createClients(): Promise<WorldClients> {
  const loopback = 'http://127.0.0.1/callback'
  const hosted = 'https://app.example.com/callback'
  return {
    spa: { clientId: 'spa', redirectUri: loopback },
    par: { clientId: 'par', redirectUri: loopback },
    dpop: { clientId: 'dpop', redirectUri: loopback },
    device: { clientId: 'device' },
    // Characters that a careless form encoding of Basic credentials (RFC 6749 §2.3.1) gets wrong.
    basic: { clientId: 'basic:+/', redirectUri: hosted, clientSecret: `basic secret:+/%&=~${random()}` },
    post: { clientId: 'post', redirectUri: hosted, clientSecret: random() },
    jwt: { clientId: 'jwt', redirectUri: hosted, privateKey: await createKey('client') },
  }
}

function registrations({ spa, par, dpop, device, basic, post, jwt }: WorldClients): readonly object[] {
  const common = {
    id_token_signed_response_alg: 'ES256',
    response_types: ['code'],
    grant_types: [grants.code, grants.refresh],
  }
  const loopback = ['http://127.0.0.1/callback', 'http://[::1]/callback', 'http://localhost/callback']
  const native = { ...common, application_type: 'native', token_endpoint_auth_method: 'none', redirect_uris: loopback }
  const hosted = { ...common, redirect_uris: [basic.redirectUri] }
  const { d: _private, ...publicKey } = jwt.privateKey
  return [
    { ...native, client_id: spa.clientId, post_logout_redirect_uris: loopback },
    { ...native, client_id: par.clientId, require_pushed_authorization_requests: true },
    { ...native, client_id: dpop.clientId, dpop_bound_access_tokens: true },
    {
      ...native,
      client_id: device.clientId,
      grant_types: [grants.device, grants.refresh],
      response_types: [],
      redirect_uris: [],
    },
    secretClient(hosted, 'client_secret_basic', basic),
    secretClient(hosted, 'client_secret_post', post),
    {
      ...hosted,
      client_id: jwt.clientId,
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'ES256',
      jwks: { keys: [publicKey] },
    },
  ]
}

function secretClient(common: object, method: string, client: WorldClients['basic']): object {
  const { clientId, clientSecret } = client
  return { ...common, client_id: clientId, client_secret: clientSecret, token_endpoint_auth_method: method }
}

async function createKey(kid: string): Promise<JsonWebKey & { readonly kid: string }> {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
  const { kty, crv, x, y, d } = await crypto.subtle.exportKey('jwk', pair.privateKey)
  return { kid, ...(kty && { kty }), ...(crv && { crv }), ...(x && { x }), ...(y && { y }), ...(d && { d }) }
}

const random = (): string => randomBytes(24).toString('hex')
