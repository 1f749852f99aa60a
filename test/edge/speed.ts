import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import type { EdgeRow, PartOptions } from './part.ts'
import { peakMemory } from './peak-memory.ts'
import { readableBytes } from './readable-bytes.ts'
import { type Edge, startEdge, usual } from './start-edge.ts'

/** What the way through the handler costs, beside a Worker that only hands on. */
export async function speed({ short }: PartOptions): Promise<readonly EdgeRow[]> {
  const edge = await startEdge(usual)
  try {
    return [
      // Beside other tests it would be them that were measured.
      ...(short ? [] : [await latency(edge, 3000)]),
      await firstEvent(edge, short ? 2000 : 500),
      await manyEvents(edge, short ? 1000 : 10_000),
      await memory(edge, 'down', short ? 64 : 1024),
      await memory(edge, 'up', short ? 64 : 1024),
      await aborts(edge, short ? 1000 : 100),
      await upstreamGone(edge),
      // Last: what it takes is not given back at once.
      await noticed(edge, 'down'),
      await noticed(edge, 'up'),
    ]
  } finally {
    await edge.close()
  }
}

const agent = new Agent({ keepAlive: true, maxSockets: 4 })

interface Call {
  readonly method?: string
  readonly body?: Readable
}

/** Node's own client: its fetch would be measured as well. */
function call(url: URL, { method = 'GET', body }: Call = {}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { 'latchkey-csrf': '1' }
    const request = httpRequest(url, { method, agent, headers }, resolve).on('error', reject)
    if (body === undefined) request.end()
    else body.pipe(request)
  })
}

async function drained(response: IncomingMessage): Promise<number> {
  let size = 0
  for await (const part of response) size += (part as Buffer).length
  return size
}

/**
 * In pairs, so that whatever else the machine does is done to both. Between either Worker and upstream stands one of
 * miniflare's own, which reads and copies each request: both times hold its part, which grows with what is asked of
 * a cache and with each header.
 */
async function latency(edge: Edge, pairs: number): Promise<EdgeRow> {
  const through = new URL('/up/small', edge.urls[0])
  const bare = new URL('/up/small', edge.bare)
  const once = async (url: URL): Promise<number> => {
    const began = performance.now()
    await drained(await call(url))
    return performance.now() - began
  }
  for (let warm = 0; warm < 100; warm++) await Promise.all([once(through), once(bare)])
  const times: [number, number][] = []
  for (let pair = 0; pair < pairs; pair++) {
    const first = pair % 2 === 0 ? through : bare
    const one = await once(first)
    const other = await once(first === bare ? through : bare)
    times.push(first === through ? [one, other] : [other, one])
  }
  const own = median(times.map(([ours]) => ours))
  const theirs = median(times.map(([, plain]) => plain))
  return {
    what: 'latency at p50 is at most 1.25 of that of a Worker that only hands on',
    measured: `${own.toFixed(2)} ms and ${theirs.toFixed(2)} ms, ${(own / theirs).toFixed(2)} times, over ${pairs} pairs`,
    holds: own / theirs <= 1.25,
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

async function firstEvent(edge: Edge, gap: number): Promise<EdgeRow> {
  const waits: number[] = []
  for (let round = 0; round < 5; round++) {
    const began = performance.now()
    const response = await call(new URL(`/up/events?n=4&gap=${gap}`, edge.urls[0]))
    await new Promise((resolve) => {
      response.once('data', resolve)
    })
    waits.push(performance.now() - began)
    response.destroy()
  }
  return {
    what: `the first of events ${gap} ms apart is there before the second is sent`,
    measured: `${median(waits).toFixed(0)} ms`,
    holds: Math.max(...waits) < gap * 0.95,
  }
}

async function manyEvents(edge: Edge, count: number): Promise<EdgeRow> {
  const began = performance.now()
  const response = await call(new URL(`/up/events?n=${count}`, edge.urls[0]))
  let text = ''
  for await (const part of response) text += String(part)
  const ids = [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id))
  const inOrder = ids.every((id, index) => id === index)
  return {
    what: `${count} events arrive, each once and in order`,
    measured: `${ids.length} in ${(performance.now() - began).toFixed(0)} ms`,
    holds: ids.length === count && inOrder,
  }
}

const mebibyte = 1024 * 1024

type Way = 'up' | 'down'

/** Whether the meter would notice a proxy that reads the whole body before it hands it on. */
async function noticed(edge: Edge, way: Way): Promise<EdgeRow> {
  const { measured, holds } = await memory(edge, way, 64, new URL('/whole/', edge.bare))
  return {
    what: `a proxy that keeps 64 MiB on the way ${way} is noticed`,
    measured,
    holds: !holds && measured.endsWith(' 64 MiB arrived'),
  }
}

/** Streams a body one way, and watches how much memory workerd takes meanwhile. */
async function memory(
  edge: Edge,
  way: Way,
  mebibytes: number,
  proxy = new URL('/up/', edge.urls[0]),
): Promise<EdgeRow> {
  const size = mebibytes * mebibyte
  const began = performance.now()
  const url = new URL(way === 'down' ? `bytes?n=${size}` : 'echo', proxy)
  const sent = way === 'down' ? {} : { method: 'POST', body: readableBytes(size) }
  const { more, result: arrived } = await peakMemory('workerd', async () => drained(await call(url, sent)))
  const seconds = (performance.now() - began) / 1000
  const grown = more / mebibyte
  const share = way === 'down' ? 'down' : 'up and down again'
  return {
    what: `memory stays flat while ${mebibytes} MiB stream ${share}`,
    measured: `${grown.toFixed(1)} MiB more, ${seconds.toFixed(1)} s, ${(arrived / mebibyte).toFixed(0)} MiB arrived`,
    holds: arrived === size && grown <= 20 && seconds < 240,
  }
}

async function aborts(edge: Edge, bound: number): Promise<EdgeRow> {
  const waits: number[] = []
  for (const target of ['/up/hang', '/up/events?n=1000&gap=50']) {
    const arrivals = edge.upstream.arrivals.length
    const before = edge.upstream.givenUp()
    const request = httpRequest(new URL(target, edge.urls[0]), { headers: { 'latchkey-csrf': '1' } })
    request.on('error', () => undefined).end()
    request.on('response', (response) => response.on('error', () => undefined).resume())
    await until(() => edge.upstream.arrivals.length > arrivals)
    await new Promise((resolve) => {
      setTimeout(resolve, 200)
    })
    const began = performance.now()
    request.socket?.resetAndDestroy()
    await until(() => edge.upstream.givenUp() > before)
    waits.push(performance.now() - began)
  }
  return {
    what: `a caller who leaves, before or amid the answer, is left by upstream within ${bound} ms`,
    measured: waits.map((ms) => `${ms.toFixed(0)} ms`).join(' and '),
    holds: waits.every((ms) => ms <= bound),
  }
}

async function upstreamGone(edge: Edge): Promise<EdgeRow> {
  edge.upstream.answerNext((response) => response.destroy())
  const gone = await call(new URL('/up/small', edge.urls[0]))
  const said = await text(gone)
  edge.upstream.answerNext((response) => {
    response.writeHead(200, { 'content-length': '1000' })
    response.write('half')
    setTimeout(() => response.destroy(), 100)
  })
  const half = await call(new URL('/up/small', edge.urls[0]))
  const cut = await drained(half).then(
    () => 'ended as if whole',
    () => 'broke off',
  )
  return {
    what: 'an upstream that hangs up is a small 502; amid its answer, the answer breaks off',
    measured: `${gone.statusCode} ${said}; ${cut}`,
    holds: gone.statusCode === 502 && said === '{"error":"upstream_unreachable"}' && cut === 'broke off',
  }
}

async function text(response: IncomingMessage): Promise<string> {
  let all = ''
  for await (const part of response) all += String(part)
  return all
}

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 8000
  while (!condition()) {
    if (performance.now() > end) throw new Error('It did not come to pass.')
    await new Promise((resolve) => {
      setTimeout(resolve, 2)
    })
  }
}
