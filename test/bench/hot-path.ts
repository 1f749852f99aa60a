import type { Client, Fetch } from '../../src/index.ts'
import { floorFetch } from './floor.ts'
import { atMost } from './part.ts'
import type { BenchPart, BenchRow, BenchTable } from './part.ts'
import { peerRacers } from './hot-path-peers.ts'
import { nanoseconds, race } from './race.ts'
import type { RaceOptions } from './race.ts'
import { apiInit, apiOrigin, apiUrl, cachedTokens, stubClient } from './stub-client.ts'

const answer = new Response('{}')
const stub: Fetch = async () => answer

/** What a call with a token at hand costs, when nothing is sent. */
export const hotPath: BenchPart = async ({ short }) => {
  const options = { rounds: short ? 150 : 600, batch: 0.4, warmUp: 300, unit: nanoseconds }
  // One client, as most programs have: engines are better at what there is only one of, the floor too.
  const client = await stubClient(stub)
  return [await fetches(client, options), await tokens(client, options)]
}

async function fetches(client: Client, options: RaceOptions): Promise<BenchTable> {
  const floor = floorFetch(stub, apiOrigin, cachedTokens)
  const headers = new Headers(apiInit.headers)
  const addresses = Array.from({ length: 64 }, (_, index) => `${apiUrl}/${index}`)
  let calls = 0
  const next = (): string => addresses[calls++ % addresses.length] ?? apiUrl
  const rows = await race(
    [
      { name: 'floor: expiry, origin by prefix, look at the status', run: () => floor(apiUrl, apiInit) },
      { name: 'client.fetch, plain init', run: () => client.fetch(apiUrl, apiInit) },
      { name: 'floor, another address each time', run: () => floor(next(), apiInit) },
      { name: 'client.fetch, plain init, another address each time', run: () => client.fetch(next(), apiInit) },
      { name: 'client.fetch, no init', run: () => client.fetch(apiUrl) },
      { name: 'client.fetch, Headers object', run: () => client.fetch(apiUrl, { ...apiInit, headers }) },
      { name: 'bare stub', run: () => stub(apiUrl, apiInit) },
      ...(await peerRacers(stub)).fetches,
    ],
    options,
  )
  const own = find(rows, 'client.fetch, plain init')
  const mcp = rows.find(({ name }) => name.includes('withOAuth'))
  const beside = (own?.took.median ?? Number.NaN) / (mcp?.took.median ?? Number.NaN)
  return {
    title: 'A call with the token at hand, and a stub for fetch',
    unit: 'ns',
    reference: 'the floor',
    rows,
    budgets: [
      atMost(1.3, own, 'the hand-written safe floor'),
      {
        what: 'client.fetch, plain init takes at most 0.15 × MCP’s withOAuth',
        measured: `${beside.toFixed(2)} ×`,
        holds: beside <= 0.15,
      },
    ],
  }
}

async function tokens(client: Client, options: RaceOptions): Promise<BenchTable> {
  const rows = await race(
    [
      { name: 'floor: an async function that looks at the clock', run: floorToken },
      { name: 'client.getAccessToken()', run: () => client.getAccessToken() },
      { name: 'an async function that looks at nothing', run: async () => cachedTokens.accessToken },
      ...(await peerRacers(stub)).tokens,
    ],
    options,
  )
  return {
    title: 'The token at hand',
    unit: 'ns',
    reference: 'the floor',
    rows,
    budgets: [atMost(1.2, find(rows, 'client.getAccessToken()'), 'an async function')],
  }
}

async function floorToken(): Promise<string> {
  if (cachedTokens.expiresAt - Date.now() < 30_000) throw new Error('The token has ended.')
  return cachedTokens.accessToken
}

function find(rows: readonly BenchRow[], name: string): BenchRow | undefined {
  return rows.find((row) => row.name === name)
}
