import { clientCredentials, clientSecretBasic, discoverServer, isTokenExpired, realClock } from 'latchkey/core'
import { oidc } from 'latchkey/providers/oidc'
import type { TokenSet } from 'latchkey'

const provider = oidc({ issuer: 'https://id.example.com' })
const world = { fetch, clock: realClock, timeout: 10_000, allowInsecureLoopback: false }
let tokens: TokenSet | undefined // the Worker's own, the same for every visitor

export default {
  async fetch(request: Request, env: { CLIENT_ID: string; CLIENT_SECRET: string }): Promise<Response> {
    if (tokens === undefined || isTokenExpired(tokens)) {
      const server = await discoverServer(provider, world)
      const clientAuth = clientSecretBasic(env.CLIENT_SECRET)
      tokens = await clientCredentials({ provider, server, world, clientId: env.CLIENT_ID, clientAuth })
    }
    const target = new URL('https://api.example.com')
    target.pathname = new URL(request.url).pathname
    return fetch(target, { headers: { authorization: `Bearer ${tokens.accessToken}` } })
  },
}
