import type { Fetch } from '../../src/index.ts'
import { boundClient, boundFloor, boundRequest } from './bound-client.ts'
import type { BenchPart } from './part.ts'
import { named } from './peers.ts'
import { microseconds, race } from './race.ts'
import { apiInit, apiUrl } from './stub-client.ts'

/** What a call costs whose token is bound to a key (DPoP), beside oauth4webapi's own. */
export const bound: BenchPart = async ({ short }) => {
  // Read only for its status and headers; one for each call, as a server would give.
  const stub: Fetch = async () => new Response('{}')
  const client = await boundClient(stub)
  const rows = await race(
    [
      { name: 'floor: one digest, one signature, by hand', run: await boundFloor(stub) },
      { name: 'client.fetch, DPoP', run: () => client.fetch(apiUrl, apiInit) },
      { name: named('oauth4webapi', 'protectedResourceRequest, DPoP'), run: await boundRequest(stub) },
    ],
    { rounds: short ? 100 : 600, batch: 3, warmUp: 300, unit: microseconds },
  )
  return [{ title: 'A call with a token bound to a key', unit: 'µs', reference: 'the floor', rows, budgets: [] }]
}
