import { Agent, request } from 'node:http'
import { startEdge, usual } from '../edge/start-edge.ts'
import { atMost } from './part.ts'
import type { BenchPart, BenchTable } from './part.ts'
import { microseconds, race } from './race.ts'

/** The way through the handler in workerd, beside a Worker that only hands on. */
export const edge: BenchPart = async ({ short }) => {
  const running = await startEdge(usual)
  try {
    const [handler, bare] = [new URL('/up/small', running.urls[0]), new URL('/up/small', running.bare)]
    const rows = await race(
      [
        { name: 'a Worker that only hands on', run: () => call(bare) },
        { name: 'createWorkerHandler, tokens in a Durable Object, warm', run: () => call(handler) },
        { name: 'the upstream itself', run: () => call(new URL('/small', running.upstream.origin)) },
      ],
      { rounds: short ? 300 : 2000, batch: 0.001, warmUp: 500, unit: microseconds },
    )
    return [
      {
        title: 'A call through a Worker, one connection',
        unit: 'µs',
        reference: 'a bare pass-through',
        rows,
        budgets: [atMost(1.15, rows[1], 'a bare pass-through Worker')],
      },
      await throughput(handler, bare, short ? 2 : 5),
    ]
  } finally {
    agent.destroy()
    await running.close()
  }
}

const agent = new Agent({ keepAlive: true })

/** Twenty callers at once: how long each call takes them, in turns of a few hundred calls. */
async function throughput(handler: URL, bare: URL, turns: number): Promise<BenchTable> {
  const crowd = async (url: URL): Promise<void> => {
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        for (let time = 0; time < 20; time++) await call(url)
      }),
    )
  }
  const rows = await race(
    [
      { name: 'a Worker that only hands on', run: () => crowd(bare) },
      { name: 'createWorkerHandler', run: () => crowd(handler) },
    ],
    { rounds: turns * 5, batch: 0.001, warmUp: 500, unit: 1 },
  )
  const share = 1 / (rows[1]?.ratio?.median ?? Number.NaN)
  return {
    title: 'Four hundred calls of twenty callers through a Worker',
    unit: 'ms',
    reference: 'a bare pass-through',
    rows,
    budgets: [
      {
        what: 'throughput is at least 0.85 × a bare pass-through Worker',
        measured: `${share.toFixed(2)} ×`,
        holds: share >= 0.85,
      },
    ],
  }
}

/** Node's own client: its fetch would be measured as well. */
function call(url: URL): Promise<void> {
  return new Promise((resolve, reject) => {
    request(url, { agent, headers: { 'latchkey-csrf': '1' } }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`The Worker answers with ${response.statusCode}.`))
      response.on('end', resolve).on('error', reject).resume()
    })
      .on('error', reject)
      .end()
  })
}
