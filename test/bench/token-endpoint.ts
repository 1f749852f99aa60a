import * as oauth from 'oauth4webapi'
import { createClient, memoryStore, memoryTransactions } from '../../src/index.ts'
import type { Client, TransactionStore } from '../../src/index.ts'
import { oauth2 } from '../../src/providers/oauth2.ts'
import { floorFetch } from './floor.ts'
import { atMost } from './part.ts'
import type { BenchPart, BenchTable } from './part.ts'
import { named } from './peers.ts'
import { microseconds, race } from './race.ts'
import type { RaceOptions } from './race.ts'
import { startTokenServer } from './start-token-server.ts'
import { apiInit, cachedTokens, stubClient } from './stub-client.ts'

/** What requests over a real socket take, beside `fetch` alone. */
export const tokenEndpoint: BenchPart = async ({ short }) => {
  const server = await startTokenServer()
  const options = { rounds: short ? 150 : 2000, batch: 0.001, warmUp: 200, unit: microseconds }
  try {
    return [await grants(server.origin, options), await calls(server.origin, options)]
  } finally {
    await server.end()
  }
}

async function grants(origin: string, options: RaceOptions): Promise<BenchTable> {
  const client = clientOf(origin)
  const refresh = { grant_type: 'refresh_token', refresh_token: cachedTokens.refreshToken ?? '', client_id: 'bench' }
  const exchange = {
    grant_type: 'authorization_code',
    code: 'c'.repeat(40),
    code_verifier: 'v'.repeat(43),
    redirect_uri: 'https://app.example.com/callback',
    client_id: 'bench',
  }
  const finish = exchanger(origin)
  const rows = await race(
    [
      { name: 'floor: fetch with timeout and validation, refresh', run: () => byHand(origin, refresh) },
      { name: 'floor: the same, exchange', run: () => byHand(origin, exchange) },
      { name: 'exchange by client.finish', run: finish },
      { name: 'refresh by client.getToken({ forceRefresh })', run: () => client.getToken({ forceRefresh: true }) },
      { name: named('oauth4webapi', 'refresh'), run: () => byOAuth4webapi(origin) },
    ],
    options,
  )
  return {
    title: 'A token request over loopback',
    unit: 'µs',
    reference: 'the floor',
    rows,
    budgets: [atMost(1.1, rows[2], 'a bare fetch'), atMost(1.1, rows[3], 'a bare fetch')],
    notes: [
      'client.finish also checks the callback against its transaction, and stores; a refresh also locks the store, notes its intent there, reads it again and writes it.',
    ],
  }
}

async function calls(origin: string, options: RaceOptions): Promise<BenchTable> {
  const client = await stubClient((input, init) => fetch(input, init), [origin])
  const floor = floorFetch((input, init) => fetch(input, init), origin, cachedTokens)
  const url = `${origin}/api`
  const drained = async (response: Promise<Response>): Promise<unknown> => (await response).json()
  const rows = await race(
    [
      { name: 'bare fetch', run: () => drained(fetch(url, apiInit)) },
      { name: 'floor: expiry, origin by prefix, look at the status', run: () => drained(floor(url, apiInit)) },
      { name: 'client.fetch', run: () => drained(client.fetch(url, apiInit)) },
    ],
    options,
  )
  return {
    title: 'An API call over loopback',
    unit: 'µs',
    reference: 'bare fetch',
    rows,
    budgets: [atMost(1.03, rows[2], 'a bare fetch')],
  }
}

/** Exchanges a code by a client for which every sign-in has begun: what beginning takes is measured by itself. */
function exchanger(origin: string): () => Promise<unknown> {
  const redirectUri = 'https://app.example.com/callback'
  const begun = {
    codeVerifier: 'v'.repeat(43),
    slot: 'example',
    issuer: origin,
    clientId: 'bench',
    redirectUri,
    tokenEndpoint: `${origin}/token`,
    scopes: [],
    startedAt: Date.now(),
    expiresAt: Date.now() + 36_000_000,
  }
  const client = clientOf(origin, { put: async () => undefined, take: async (state) => ({ ...begun, state }) })
  const callback = `${redirectUri}?code=${'c'.repeat(40)}&state=`
  let times = 0
  return () => client.finish(`${callback}${times++}`)
}

function clientOf(origin: string, transactions: TransactionStore = memoryTransactions()): Client {
  const store = memoryStore()
  void store.update('example', () => ({ tokens: cachedTokens }))
  return createClient({
    transactions,
    provider: oauth2({ id: 'example', endpoints: { authorization: `${origin}/authorize`, token: `${origin}/token` } }),
    clientId: 'bench',
    redirectUri: 'https://app.example.com/callback',
    store,
    allowInsecureLoopback: true,
  })
}

/** What anybody would do who is careful: a limit in time, no redirect, and a look at what came. */
async function byHand(origin: string, fields: Readonly<Record<string, string>>): Promise<string> {
  const response = await fetch(`${origin}/token`, {
    method: 'POST',
    body: new URLSearchParams(fields),
    headers: { accept: 'application/json' },
    redirect: 'manual',
    signal: AbortSignal.timeout(30_000),
  })
  if (response.status !== 200) throw new Error('The status is not 200.')
  const {
    access_token: token,
    token_type: type,
    expires_in: seconds,
  } = (await response.json()) as Record<string, unknown>
  if (typeof token !== 'string' || typeof type !== 'string' || typeof seconds !== 'number')
    throw new Error('It is none.')
  return token
}

async function byOAuth4webapi(origin: string): Promise<unknown> {
  const server = { issuer: origin, token_endpoint: `${origin}/token` }
  const client = { client_id: 'bench' }
  const options = { [oauth.allowInsecureRequests]: true }
  const token = cachedTokens.refreshToken ?? ''
  const response = await oauth.refreshTokenGrantRequest(server, client, oauth.None(), token, options)
  return oauth.processRefreshTokenResponse(server, client, response)
}
