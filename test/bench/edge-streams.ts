import type { IncomingMessage, ServerResponse } from 'node:http'
import { peakMemory } from '../edge/peak-memory.ts'
import { readableBytes } from '../edge/readable-bytes.ts'
import type { Upstream } from '../edge/upstream.ts'
import type { EdgeWorkers } from './edge-workers.ts'
import { call, open } from './http-call.ts'
import type { HttpCall } from './http-call.ts'
import { atLeast, atMost } from './part.ts'
import type { BenchRow, BenchTable, Budget } from './part.ts'
import { named } from './peers.ts'
import { microseconds, race } from './race.ts'
import type { Racer } from './race.ts'
import { spreadOf } from './spread.ts'
import { timed } from './timed.ts'

/** What streams are measured with. */
export interface StreamParts {
  readonly workers: EdgeWorkers
  readonly upstream: Upstream
  readonly cookie: string
  readonly short: boolean
}

interface Way {
  readonly name: string
  readonly base: URL
  readonly sent: HttpCall
}

/** Event streams and long bodies through Workers. */
export async function streams(parts: StreamParts): Promise<readonly BenchTable[]> {
  const { workers, upstream, cookie } = parts
  const ways: readonly Way[] = [
    { name: 'a Worker that only hands on', base: new URL('/up/', workers.bare), sent: {} },
    { name: ownName, base: new URL('/up/', workers.handler), sent: { cookie } },
    { name: named('hono', 'hono/proxy'), base: new URL('/up/', workers.hono), sent: {} },
    { name: 'the upstream itself', base: new URL(upstream.origin), sent: {} },
  ]
  return [
    await firstEvent(ways, parts),
    await eachEvent(ways, parts),
    await burst(ways, parts),
    await memory(ways.slice(0, 3), parts),
  ]
}

const ownName = 'createWorkerHandler'
const bareBeside = 'a bare pass-through Worker'
const reference = 'a bare pass-through'

async function firstEvent(ways: readonly Way[], { short }: StreamParts): Promise<BenchTable> {
  const racers = ways.map(({ name, base, sent }) => ({ name, run: () => call(new URL('events?n=1', base), sent) }))
  const rows = await race(racers, { rounds: short ? 100 : 500, batch: 0.001, warmUp: 100, unit: 1 })
  return { title: 'A stream of one event, from the request to its end', unit: 'ms', reference, rows, budgets: [] }
}

/** One stream each, open all the time; the events of all of them in turns. */
async function eachEvent(ways: readonly Way[], { upstream, short }: StreamParts): Promise<BenchTable> {
  const lanes: (Racer & { end(): void })[] = []
  for (const way of ways) lanes.push(await openLane(way, upstream))
  try {
    const { racers, tails } = timed(lanes)
    const rows = await race(racers, { rounds: short ? 1500 : 10_000, batch: 0.001, warmUp: 200, unit: microseconds })
    return {
      title: 'One event of a stream, from upstream to the reader',
      unit: 'µs',
      reference,
      rows,
      budgets: [atMost(1.05, rows[1], bareBeside)],
      notes: tails(),
    }
  } finally {
    for (const { end } of lanes) end()
  }
}

async function openLane({ name, base, sent }: Way, upstream: Upstream): Promise<Racer & { end(): void }> {
  const source = new Promise<ServerResponse>((resolve) => {
    upstream.answerNext((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.flushHeaders()
      resolve(response)
    })
  })
  const [written, read] = await Promise.all([source, open(new URL('events', base), sent)])
  let id = 0
  return { name, run: () => arrived(written, read, id++), end: () => written.end(() => read.resume()) }
}

function arrived(written: ServerResponse, read: IncomingMessage, id: number): Promise<unknown> {
  return new Promise((resolve) => {
    read.once('data', resolve)
    written.write(`id: ${id}\ndata: {"type":"content_block_delta","delta":{"text":" and"}}\n\n`)
  })
}

async function burst(ways: readonly Way[], { short }: StreamParts): Promise<BenchTable> {
  const count = 10_000
  const racers = ways.map(({ name, base, sent }) => ({
    name,
    run: () => call(new URL(`events?n=${count}`, base), sent),
  }))
  const rows = await race(racers, { rounds: short ? 9 : 30, batch: 0.001, warmUp: 100, unit: 1 })
  return {
    title: 'A burst of 10 000 events',
    unit: 'ms',
    reference,
    rows,
    budgets: [atLeast(0.95, rows[1], bareBeside)],
    notes: rows.map(({ name, took }) => `${name}: ${((count / took.median) * 1000).toFixed(0)} events per second`),
  }
}

const mebibyte = 1024 * 1024

/** How much more workerd holds while a long body goes through it, at most, both ways. The others have a shorter one. */
async function memory(ways: readonly Way[], { workers, short }: StreamParts): Promise<BenchTable> {
  const peak = async (work: () => Promise<unknown>): Promise<number> => (await peakMemory('workerd', work)).more
  const rows: BenchRow[] = []
  const budgets: Budget[] = []
  const note = (name: string, most: number): BenchRow => ({ name, took: spreadOf([most], mebibyte) })
  for (const { name, base, sent } of ways) {
    const own = name === ownName
    const size = own && !short ? 1024 : 64
    const down = await peak(() => call(new URL(`bytes?n=${size * mebibyte}`, base), sent))
    const both = await peak(() => call(new URL('echo', base), { ...sent, body: readableBytes(size * mebibyte) }))
    const found = [note(`${name}, ${size} MiB down`, down), note(`${name}, ${size} MiB up and down again`, both)]
    rows.push(...found)
    if (own) budgets.push(...found.map(kept))
  }
  // Last, because what it takes is not given back at once.
  const whole = await peak(() => call(new URL(`/whole/bytes?n=${64 * mebibyte}`, workers.bare)))
  rows.push(note('a Worker that reads 64 MiB whole, as none should', whole))
  return { title: 'What workerd holds more while a long body streams through it', unit: 'MiB', rows, budgets }
}

function kept({ name, took }: BenchRow): Budget {
  return {
    what: `${name}: at most 20 MiB more`,
    measured: `${took.median.toFixed(1)} MiB`,
    holds: took.median <= 20,
  }
}
