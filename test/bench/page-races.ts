// Runs in a page, which page.ts opens.

import * as oauth from 'oauth4webapi'
import { floorFetch } from './floor.ts'
import type { BenchRow } from './part.ts'
import { microseconds, nanoseconds, race } from './race.ts'
import { rawStart } from './raw-start.ts'
import { accessToken, apiInit, apiOrigin, apiUrl, cachedTokens, stubClient } from './stub-client.ts'

async function bench(rounds: number): Promise<[BenchRow[], BenchRow[]]> {
  const answer = new Response('{}')
  const stub = async (): Promise<Response> => answer
  const client = await stubClient(stub)
  const floor = floorFetch(stub, apiOrigin, cachedTokens)
  const headers = new Headers(apiInit.headers)
  const url = new URL(apiUrl)
  const options = { [oauth.customFetch]: stub }
  const calls = await race(
    [
      { name: 'floor: expiry, origin by prefix, look at the status', run: () => floor(apiUrl, apiInit) },
      { name: 'client.fetch, plain init', run: () => client.fetch(apiUrl, apiInit) },
      { name: 'client.getAccessToken()', run: () => client.getAccessToken() },
      {
        name: 'oauth4webapi protectedResourceRequest',
        run: () => oauth.protectedResourceRequest(accessToken, 'POST', url, headers, apiInit.body, options),
      },
    ],
    { rounds, batch: 1, warmUp: 300, unit: nanoseconds },
  )
  const starts = await race(
    [
      { name: 'floor: Web Crypto by hand, URL and searchParams', run: rawStart },
      { name: 'client.start(), its transaction stored in memory', run: async () => (await client.start()).url.href },
    ],
    { rounds, batch: 1, warmUp: 300, unit: microseconds },
  )
  return [calls, starts]
}

Object.assign(globalThis, { bench })
