import { createClient, memoryStore } from '../../src/index.ts'
import type { Fetch } from '../../src/index.ts'
import { oauth2 } from '../../src/providers/oauth2.ts'
import type { BenchTable, Budget } from './part.ts'
import { all, crowd, expiredPeers, tokenEndpoint } from './expired-peers.ts'
import type { Contender } from './expired-peers.ts'
import { spreadOf } from './spread.ts'
import { cachedTokens } from './stub-client.ts'

/** How long the server thinks, in milliseconds. */
const answering = 20

/** A hundred callers at once find the token ended. */
export async function expiredCallers(short: boolean): Promise<BenchTable> {
  const contenders = [alone, floor, ours, ...(await expiredPeers())]
  const lanes = contenders.map((contender) => ({ contender, laps: [] as number[], requests: [] as number[] }))
  const warmUp = 4
  for (let round = -warmUp; round < (short ? 20 : 80); round++) {
    for (const lane of lanes.toSorted(() => Math.random() - 0.5)) {
      const server = countingServer()
      const go = await lane.contender.prepare(server.fetch)
      const began = performance.now()
      await go()
      if (round >= 0) lane.laps.push(performance.now() - began)
      lane.requests.push(server.requests())
    }
  }
  const [reference] = lanes
  const rows = lanes.map(({ contender, laps }, index) => ({
    name: contender.name,
    took: spreadOf(laps),
    ...(index > 0 && { ratio: spreadOf(laps.map((lap, round) => lap / (reference?.laps[round] ?? Number.NaN))) }),
  }))
  const own = lanes.findIndex(({ contender }) => contender === ours)
  return {
    title: `${crowd} calls at once that find the token ended; the server answers after ${answering} ms`,
    unit: 'ms',
    reference: 'one token request',
    rows,
    budgets: [
      oneRequest(lanes[own]?.requests ?? []),
      {
        what: `${crowd} calls with an ended token take at most 1.1 × one token request`,
        measured: `${(rows[own]?.ratio?.median ?? Number.NaN).toFixed(2)} ×`,
        holds: (rows[own]?.ratio?.median ?? Number.NaN) <= 1.1,
      },
    ],
    notes: lanes.map(({ contender, requests }) => `${contender.name}: ${Math.max(...requests)} token requests`),
  }
}

function oneRequest(requests: readonly number[]): Budget {
  const most = Math.max(...requests)
  return { what: `${crowd} calls cause one token request`, measured: `${most}`, holds: most === 1 }
}

function countingServer(): { readonly fetch: Fetch; requests(): number } {
  let requests = 0
  const members = { access_token: 'new', refresh_token: 'r2', token_type: 'Bearer', expires_in: 3600 }
  return {
    requests: () => requests,
    async fetch() {
      requests++
      await new Promise((resolve) => {
        setTimeout(resolve, answering)
      })
      return new Response(JSON.stringify(members), { headers: { 'content-type': 'application/json' } })
    },
  }
}

async function askOnce(fetch: Fetch): Promise<unknown> {
  const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'r' })
  return (await fetch(tokenEndpoint, { method: 'POST', body })).json()
}

const alone: Contender = { name: 'one token request', prepare: async (fetch) => () => askOnce(fetch) }

const floor: Contender = {
  name: 'floor: a promise that all wait for',
  async prepare(fetch) {
    let flight: Promise<unknown> | undefined
    return all(() => (flight ??= askOnce(fetch)))
  },
}

const ours: Contender = {
  name: 'client.getAccessToken()',
  async prepare(fetch) {
    const store = memoryStore()
    await store.update('example', () => ({ tokens: { ...cachedTokens, expiresAt: Date.now() - 1000 } }))
    const endpoints = { authorization: 'https://id.example.com/authorize', token: tokenEndpoint }
    const client = createClient({ provider: oauth2({ id: 'example', endpoints }), clientId: 'bench', store, fetch })
    return all(() => client.getAccessToken())
  },
}
