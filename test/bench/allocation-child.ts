// What a call leaves behind in memory. Started by allocation.ts as a process whose young generation has room for all
// of it, so that nothing is collected between two looks. Prints bytes per call, by name.

import type { Fetch } from '../../src/index.ts'
import { boundClient, boundRequest } from './bound-client.ts'
import { floorFetch } from './floor.ts'
import { peerRacers } from './hot-path-peers.ts'
import type { Racer } from './race.ts'
import { apiInit, apiOrigin, apiUrl, cachedTokens, stubClient } from './stub-client.ts'

interface Look extends Racer {
  /** How many calls between two looks. */
  readonly times: number
}

const answer = new Response('{}')
const stub: Fetch = async () => answer

async function looks(): Promise<readonly Look[]> {
  const floor = floorFetch(stub, apiOrigin, cachedTokens)
  const [client, dpop, peers] = [await stubClient(stub), await boundClient(stub), await peerRacers(stub)]
  const often = (racers: readonly Racer[], times: number): Look[] => racers.map((racer) => ({ ...racer, times }))
  return [
    ...often(
      [
        { name: 'floor: expiry, origin by prefix, look at the status', run: () => floor(apiUrl, apiInit) },
        { name: 'client.fetch, plain init', run: () => client.fetch(apiUrl, apiInit) },
        { name: 'bare stub', run: () => stub(apiUrl, apiInit) },
        { name: 'client.getAccessToken()', run: () => client.getAccessToken() },
        { name: 'an async function that looks at nothing', run: async () => cachedTokens.accessToken },
        ...peers.tokens,
      ],
      100_000,
    ),
    ...often(peers.fetches, 10_000),
    ...often(
      [
        { name: 'client.fetch, DPoP', run: () => dpop.fetch(apiUrl, apiInit) },
        { name: 'oauth4webapi protectedResourceRequest, DPoP', run: await boundRequest(stub) },
      ],
      500,
    ),
  ]
}

async function many({ run, times }: Look): Promise<void> {
  for (let time = 0; time < times; time++) await run()
}

async function bytesPerCall(look: Look): Promise<number> {
  globalThis.gc?.()
  const before = process.memoryUsage().heapUsed
  await many(look)
  const after = process.memoryUsage().heapUsed
  if (after < before) throw new Error(`Something was collected during ${look.name}.`)
  return (after - before) / look.times
}

const all = await looks()
// Engines allocate less once they know a function well.
for (const look of all) await many(look)
const found: Record<string, number[]> = {}
for (let round = 0; round < Number(process.argv[2]); round++) {
  for (const look of all) (found[look.name] ??= []).push(await bytesPerCall(look))
}
console.log(JSON.stringify(found))
// google-auth-library and others may have something under way.
process.exit()
