import type { Client, Fetch } from '../../src/index.ts'
import { expiredCallers } from './expired-callers.ts'
import { floorFetch } from './floor.ts'
import { each } from './part.ts'
import type { BenchPart, BenchRow, BenchTable } from './part.ts'
import { nanoseconds, race } from './race.ts'
import type { Racer } from './race.ts'
import { apiInit, apiOrigin, apiUrl, cachedTokens, stubClient } from './stub-client.ts'

/** How cost grows with those who call at the same time. */
export const callers: BenchPart = async ({ short }) => {
  const answer = new Response('{}')
  const stub: Fetch = async () => answer
  const client = await stubClient(stub)
  return [
    await crowds('client.fetch', callsOf(client, stub), short),
    await crowds('client.getAccessToken()', tokensOf(client), short),
    await expiredCallers(short),
  ]
}

interface Pair {
  readonly floor: Racer['run']
  readonly own: Racer['run']
}

function callsOf(client: Client, stub: Fetch): Pair {
  const floor = floorFetch(stub, apiOrigin, cachedTokens)
  return { floor: () => floor(apiUrl, apiInit), own: () => client.fetch(apiUrl, apiInit) }
}

function tokensOf(client: Client): Pair {
  const floor = async (): Promise<string> => {
    if (cachedTokens.expiresAt - Date.now() < 30_000) throw new Error('The token has ended.')
    return cachedTokens.accessToken
  }
  return { floor, own: () => client.getAccessToken() }
}

async function crowds(what: string, { floor, own }: Pair, short: boolean): Promise<BenchTable> {
  const rows: BenchRow[] = []
  for (const count of [1, 100, 10_000]) {
    const crowd = (run: Racer['run']) => () => Promise.all(Array.from({ length: count }, run))
    const raced = await race(
      [
        { name: `floor, ${count} at once`, run: crowd(floor) },
        { name: `${what}, ${count} at once`, run: crowd(own) },
      ],
      { rounds: short ? 60 : 400, batch: 1, warmUp: 200, unit: nanoseconds },
    )
    rows.push(...each(raced, count))
  }
  const title = `${what} with the token at hand, by how many call at once: time for each`
  return { title, unit: 'ns', reference: 'the floor with as many', rows, budgets: [] }
}
