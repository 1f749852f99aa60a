import { startUpstream } from '../edge/upstream.ts'
import { decoding } from './edge-decode.ts'
import { streams } from './edge-streams.ts'
import { sessionCookie, startEdgeWorkers } from './edge-workers.ts'
import type { EdgeWorkers } from './edge-workers.ts'
import { agent, call } from './http-call.ts'
import { atLeast, atMost } from './part.ts'
import type { BenchPart, BenchTable } from './part.ts'
import { named } from './peers.ts'
import { microseconds, race } from './race.ts'
import { timed } from './timed.ts'

/** The way through the handler in workerd, beside a Worker that only hands on and Hono's proxy helper. */
export const edge: BenchPart = async ({ short }) => {
  const upstream = await startUpstream()
  const workers = await startEdgeWorkers(upstream.origin)
  try {
    const accounts = await workers.signIn(short ? crowd.short : crowd.long)
    const cookie = await sessionCookie(accounts[0] ?? '')
    return [
      await latency({ workers, accounts, cookie, direct: new URL('/small', upstream.origin), short }),
      await throughput(workers, cookie, short),
      await users(workers, accounts, short),
      await decoding(workers.decode, cookie, short),
      ...(await streams({ workers, upstream, cookie, short })),
    ]
  } finally {
    agent.destroy()
    await workers.close()
    await upstream.close()
  }
}

const bareName = 'a Worker that only hands on'
const honoName = named('hono', 'hono/proxy, one token for all, no session')
const bareBeside = 'a bare pass-through Worker'

/**
 * In the long form more people than an isolate remembers: in turns of so many, each is always new to it. In the
 * short form more than there are rounds.
 */
const crowd = { short: 320, long: 1100 }

interface LatencyParts {
  readonly workers: EdgeWorkers
  readonly accounts: readonly string[]
  readonly cookie: string
  readonly direct: URL
  readonly short: boolean
}

async function latency({ workers, accounts, cookie, direct, short }: LatencyParts): Promise<BenchTable> {
  const [handler, bare, hono] = smallUrls(workers)
  const strangers = inTurns(await cookiesOf(accounts))
  const renewed = inTurns(await cookiesOf(accounts.map(() => accounts[0] ?? '')))
  const { racers, tails } = timed([
    { name: bareName, run: () => call(bare) },
    { name: 'createWorkerHandler, warm', run: () => call(handler, { cookie }) },
    { name: 'createWorkerHandler, a cookie at first sight', run: () => call(handler, { cookie: renewed() }) },
    {
      name: 'createWorkerHandler, a cookie and its tokens at first sight',
      run: () => call(handler, { cookie: strangers() }),
    },
    { name: honoName, run: () => call(hono) },
    { name: 'the upstream itself', run: () => call(direct) },
  ])
  for (let time = 0; time < 200; time++) {
    await Promise.all([call(bare), call(handler, { cookie }), call(hono), call(direct)])
  }
  const rows = await race(racers, { rounds: short ? 300 : 1500, batch: 0.001, warmUp: 0, unit: microseconds })
  const [, warm, seen, stranger, theirs] = rows
  const beside = (warm?.took.median ?? Number.NaN) / (theirs?.took.median ?? Number.NaN)
  return {
    title: 'A call through a Worker, one connection',
    unit: 'µs',
    reference: 'a bare pass-through',
    rows,
    budgets: [
      atMost(1.15, warm, bareBeside),
      atMost(1.35, seen, bareBeside),
      atMost(1.35, stranger, bareBeside),
      {
        what: 'createWorkerHandler, warm is not slower than Hono’s proxy helper',
        measured: `${beside.toFixed(2)} ×`,
        holds: beside <= 1,
      },
    ],
    notes: [
      ...tails(),
      'The tokens of each account lie in a Durable Object, which is asked for them at first sight.',
      // It cannot be left out, and workerd alone would be another deployment than the one that people try.
      'Each request upstream passes a Worker of miniflare’s own, for every row but the last: its time is in all of them.',
    ],
  }
}

/** Twenty callers at once, in turns of a hundred calls. */
async function throughput(workers: EdgeWorkers, cookie: string, short: boolean): Promise<BenchTable> {
  const [handler, bare, hono] = smallUrls(workers)
  const all = async (url: URL, sent?: { readonly cookie: string }): Promise<void> => {
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        for (let time = 0; time < 5; time++) await call(url, sent)
      }),
    )
  }
  const rows = await race(
    [
      { name: bareName, run: () => all(bare) },
      { name: 'createWorkerHandler, warm', run: () => all(handler, { cookie }) },
      { name: honoName, run: () => all(hono) },
    ],
    { rounds: short ? 25 : 80, batch: 0.001, warmUp: 300, unit: 1 },
  )
  const perSecond = rows.map(({ name, took }) => `${name}: ${(100_000 / took.median).toFixed(0)} calls per second`)
  return {
    title: 'A hundred calls of twenty callers through a Worker',
    unit: 'ms',
    reference: 'a bare pass-through',
    rows,
    budgets: [atLeast(0.85, rows[1], bareBeside)],
    notes: perSecond,
  }
}

/** What a call costs when the same isolate serves many people, in turns. */
async function users(workers: EdgeWorkers, accounts: readonly string[], short: boolean): Promise<BenchTable> {
  const [handler, bare] = smallUrls(workers)
  const counts = short ? [1, 10, 100] : [1, 10, 1000]
  const crowds = await Promise.all(
    counts.map(async (count) => ({ count, next: inTurns(await cookiesOf(accounts.slice(0, count))) })),
  )
  const rows = await race(
    [
      { name: bareName, run: () => call(bare) },
      ...crowds.map(({ count, next }) => ({
        name: `createWorkerHandler, ${count} in turns`,
        run: () => call(handler, { cookie: next() }),
      })),
    ],
    { rounds: short ? 150 : 800, batch: 0.001, warmUp: short ? 300 : 1500, unit: microseconds },
  )
  return {
    title: 'People served by one isolate',
    unit: 'µs',
    reference: 'a bare pass-through',
    rows,
    budgets: [],
    notes: [
      'An isolate remembers the last 1000 people it has served, each for ten seconds after their tokens were read.',
    ],
  }
}

function smallUrls({ handler, bare, hono }: EdgeWorkers): readonly [handler: URL, bare: URL, hono: URL] {
  return [new URL('/up/small', handler), new URL('/up/small', bare), new URL('/up/small', hono)]
}

function cookiesOf(accounts: readonly string[]): Promise<readonly string[]> {
  return Promise.all(accounts.map((account) => sessionCookie(account)))
}

function inTurns(items: readonly string[]): () => string {
  let turn = 0
  return () => items[turn++ % items.length] ?? ''
}
