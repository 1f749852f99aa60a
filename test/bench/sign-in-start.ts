import * as oauth from 'oauth4webapi'
import { atMost } from './part.ts'
import type { BenchPart, BenchTable } from './part.ts'
import { loadPeer, named } from './peers.ts'
import { microseconds, race } from './race.ts'
import { rawStart } from './raw-start.ts'
import { stubClient } from './stub-client.ts'

const server = { issuer: 'https://id.example.com', authorization_endpoint: 'https://id.example.com/authorize' }
const redirectUri = 'https://app.example.com/callback'

/** What a person waits for before the browser leaves: a verifier, a challenge, a state and an address. */
export const signInStart: BenchPart = async ({ short }) => {
  const client = await stubClient(async () => new Response('{}'))
  const rows = await race(
    [
      { name: 'floor: Web Crypto by hand, URL and searchParams', run: rawStart },
      { name: 'client.start(), its transaction stored in memory', run: async () => (await client.start()).url.href },
      { name: named('oauth4webapi', 'and URL.searchParams'), run: byOAuth4webapi },
      await openidClient(),
      await arctic(),
      await badgateway(),
    ],
    { rounds: short ? 100 : 400, batch: 0.5, warmUp: 300, unit: microseconds },
  )
  const table: BenchTable = {
    title: 'Start of a sign-in',
    unit: 'µs',
    reference: 'the floor',
    rows,
    budgets: [atMost(1.15, rows[1], 'raw Web Crypto')],
    notes: [
      'arctic hashes in JavaScript, without Web Crypto’s way through another thread, which is what the floor waits for in Node.',
    ],
  }
  return [table]
}

async function byOAuth4webapi(): Promise<string> {
  const verifier = oauth.generateRandomCodeVerifier()
  const url = new URL(server.authorization_endpoint)
  url.searchParams.set('client_id', 'bench')
  url.searchParams.set('response_type', 'code')
  url.searchParams.set('redirect_uri', redirectUri)
  url.searchParams.set('state', oauth.generateRandomState())
  url.searchParams.set('code_challenge', await oauth.calculatePKCECodeChallenge(verifier))
  url.searchParams.set('code_challenge_method', 'S256')
  return url.href
}

interface OpenidClient {
  readonly Configuration: new (server: object, clientId: string) => object
  randomPKCECodeVerifier(): string
  randomState(): string
  calculatePKCECodeChallenge(verifier: string): Promise<string>
  buildAuthorizationUrl(config: object, parameters: Readonly<Record<string, string>>): URL
}

async function openidClient(): Promise<{ name: string; run: () => Promise<string> }> {
  const peer = await loadPeer<OpenidClient>('openid-client')
  const config = new peer.Configuration(server, 'bench')
  const run = async (): Promise<string> => {
    const verifier = peer.randomPKCECodeVerifier()
    return peer.buildAuthorizationUrl(config, {
      redirect_uri: redirectUri,
      state: peer.randomState(),
      code_challenge: await peer.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    }).href
  }
  return { name: named('openid-client', 'buildAuthorizationUrl'), run }
}

interface Arctic {
  readonly OAuth2Client: new (
    id: string,
    secret: undefined,
    uri: string,
  ) => {
    createAuthorizationURLWithPKCE(...of: readonly unknown[]): URL
  }
  readonly CodeChallengeMethod: { readonly S256: unknown }
  generateState(): string
  generateCodeVerifier(): string
}

async function arctic(): Promise<{ name: string; run: () => string }> {
  const peer = await loadPeer<Arctic>('arctic')
  const client = new peer.OAuth2Client('bench', undefined, redirectUri)
  const method = peer.CodeChallengeMethod.S256
  const run = (): string => {
    const [state, verifier] = [peer.generateState(), peer.generateCodeVerifier()]
    return client.createAuthorizationURLWithPKCE(server.authorization_endpoint, state, method, verifier, []).href
  }
  return { name: named('arctic', 'createAuthorizationURLWithPKCE'), run }
}

interface Badgateway {
  readonly OAuth2Client: new (
    options: object,
  ) => {
    readonly authorizationCode: { getAuthorizeUri(parameters: object): Promise<string> }
  }
  generateCodeVerifier(): Promise<string>
}

async function badgateway(): Promise<{ name: string; run: () => Promise<string> }> {
  const peer = await loadPeer<Badgateway>('@badgateway/oauth2-client')
  const client = new peer.OAuth2Client({
    server: server.issuer,
    clientId: 'bench',
    authorizationEndpoint: server.authorization_endpoint,
  })
  const run = async (): Promise<string> =>
    client.authorizationCode.getAuthorizeUri({
      redirectUri,
      state: crypto.randomUUID(),
      codeVerifier: await peer.generateCodeVerifier(),
    })
  return { name: named('@badgateway/oauth2-client', 'getAuthorizeUri'), run }
}
