import { randomBytes } from 'node:crypto'
import Provider from 'oidc-provider'
import { type Listening, listen } from '../runtimes/listen.ts'
import { unboundedAdapter } from '../runtimes/unbounded-adapter.ts'

/** A real authorization server on loopback, of which nothing is ours but the settings. Its access tokens end soon. */
export interface OidcServer {
  readonly issuer: string
  /** How many tokens were issued for a refresh token. */
  refreshes(): number
  close(): Promise<void>
}

export async function startOidcServer(client: {
  readonly clientId: string
  readonly clientSecret: string
}): Promise<OidcServer> {
  const { server, port, close }: Listening = await listen()
  const issuer = `http://localhost:${port}`
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: client.clientId,
        client_secret: client.clientSecret,
        application_type: 'native',
        token_endpoint_auth_method: 'client_secret_basic',
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        redirect_uris: ['http://127.0.0.1/auth/callback'],
      },
    ],
    adapter: unboundedAdapter(),
    cookies: { keys: [randomBytes(16).toString('hex')] },
    pkce: { required: () => true },
    scopes: ['openid', 'offline_access', 'profile'],
    claims: { openid: ['sub'], profile: ['name'] },
    findAccount: async (_context: unknown, id: string) => ({
      accountId: id,
      claims: async () => ({ sub: id, name: `${id} Hopper` }),
    }),
    rotateRefreshToken: true,
    issueRefreshToken: async () => true,
    features: { devInteractions: { enabled: true }, revocation: { enabled: true } },
    ttl: {
      AccessToken: 2,
      AuthorizationCode: 60,
      Grant: 600,
      IdToken: 600,
      Interaction: 60,
      RefreshToken: 600,
      Session: 600,
    },
  })
  let refreshes = 0
  provider.on('server_error', (_context, error) => console.error('oidc-provider:', error))
  const answer = provider.callback()
  server.on('request', (request, response) => {
    if (request.url === '/token') {
      request.on('data', (chunk: Buffer) => (refreshes += Number(String(chunk).includes('grant_type=refresh_token'))))
    }
    answer(request, response)
  })
  return { issuer, refreshes: () => refreshes, close }
}
