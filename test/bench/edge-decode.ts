import { call } from './http-call.ts'
import { each } from './part.ts'
import type { BenchTable } from './part.ts'
import { named } from './peers.ts'
import { microseconds, race } from './race.ts'
import type { Racer } from './race.ts'

const times = 500

/** What opening a session's cookie costs in workerd: what a call pays whose cookie an isolate does not know. */
export async function decoding(worker: URL, cookie: string, short: boolean): Promise<BenchTable> {
  const text = cookie.slice(cookie.indexOf('=') + 1)
  const opening = (way: string): Racer['run'] => {
    const url = new URL(`/${way}?${new URLSearchParams({ times: `${times}`, cookie: text }).toString()}`, worker)
    return () => call(url)
  }
  const rows = await race(
    [
      { name: 'floor: Web Crypto by hand, nothing checked but the seal', run: opening('raw') },
      { name: 'the handler’s own seal', run: opening('ours') },
      { name: named('jose', 'compactDecrypt by itself'), run: opening('jose') },
      { name: 'the request around it, in which nothing is opened', run: opening('nothing') },
    ],
    { rounds: short ? 30 : 100, batch: 0.001, warmUp: 200, unit: microseconds },
  )
  return {
    title: 'A session’s cookie opened, in workerd',
    unit: 'µs',
    reference: 'the floor',
    rows: each(rows, times),
    budgets: [],
    notes: [
      `The cookie is a JWE of ${text.length} characters that names an account and an end: no token is in it. One request opens it ${times} times.`,
    ],
  }
}
