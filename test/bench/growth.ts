import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { memoryStore } from '../../src/index.ts'
import type { Store } from '../../src/index.ts'
import { encryptedStore } from '../../src/stores/encrypted.ts'
import { fileStore } from '../../src/stores/file.node.ts'
import { redisStore } from '../../src/stores/redis.ts'
import { startRedis } from '../node/redis-server.ts'
import { acts, fill } from './growth-acts.ts'
import { durableObjectGrowth, indexedDBGrowth, objects } from './growth-elsewhere.ts'
import type { GrowthPlan } from './growth-elsewhere.ts'
import { atMost } from './part.ts'
import type { BenchPart, BenchRow, BenchTable } from './part.ts'
import { microseconds, race } from './race.ts'
import { cachedTokens } from './stub-client.ts'

/** How the cost of one account grows with the others that are there. */
export const growth: BenchPart = async ({ short }) => {
  const plan = { sizes: short ? [10, 1000] : [10, 1000, 100_000], rounds: 60 }
  const tables: BenchTable[] = []
  for (const [name, measured] of Object.entries(stores)) {
    const rows = await measured(plan)
    const grown = flat.includes(name) ? rows.filter(({ ratio }) => ratio !== undefined) : []
    tables.push({
      title: `Growth of ${name}`,
      unit: 'µs',
      reference: `with ${plan.sizes[0]} accounts`,
      rows,
      budgets: grown.map((row) => atMost(1.25, row, `the same in ${name} with ${plan.sizes[0]}`)),
      notes: notes[name] ?? [],
    })
  }
  return tables
}

/** Those where many accounts belong: there a budget holds. */
const flat = ['indexedDBStore', 'redisStore', 'durableObjectStore']

/** With 100 000 accounts in one file, each round takes seconds. */
const fewRounds = 8

interface Opened {
  readonly store: Store
  close?(): Promise<void>
}

/** Measures stores of this process, in so many rounds at most. */
function here(
  open: (size: number) => Promise<Opened>,
  most = Infinity,
): (plan: GrowthPlan) => Promise<readonly BenchRow[]> {
  return async ({ sizes, rounds }) => {
    const opened = await Promise.all(sizes.map((size) => open(size)))
    try {
      const rows: BenchRow[] = []
      for (const [what, act] of Object.entries(acts)) {
        const racers = opened.map(({ store }, index) => ({
          name: `${what}, ${sizes[index]} accounts`,
          run: () => act(store),
        }))
        rows.push(
          ...(await race(racers, { rounds: Math.min(rounds, most), batch: 2, warmUp: 100, unit: microseconds })),
        )
      }
      return rows
    } finally {
      for (const { close } of opened) await close?.()
    }
  }
}

async function filled(store: Store, size: number): Promise<Store> {
  await fill(store, 0, size)
  return store
}

const stores: Readonly<Record<string, (plan: GrowthPlan) => Promise<readonly BenchRow[]>>> = {
  memoryStore: here(async (size) => ({ store: await filled(memoryStore(), size) })),
  encryptedStore: here(async (size) => {
    const store = encryptedStore(memoryStore(), { key: new Uint8Array(32).fill(7) })
    return { store: await filled(store, size) }
  }),
  indexedDBStore: indexedDBGrowth,
  redisStore: here(async (size) => {
    const server = await startRedis()
    const redis = new Redis({ port: server.port, host: '127.0.0.1' })
    const close = async (): Promise<void> => {
      redis.disconnect()
      await server.stop()
    }
    return { store: await filled(redisStore(redis), size), close }
  }),
  durableObjectStore: durableObjectGrowth,
  fileStore: here(async (size) => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
    const path = join(folder, 'auth.json')
    const entry = { type: 'oauth', refresh: 'r', access: 'a', expires: cachedTokens.expiresAt }
    const slots = Array.from({ length: size }, (_, index) => [`slot${index}`, entry] as const)
    writeFileSync(path, JSON.stringify(Object.fromEntries(slots)), { mode: 0o600 })
    return { store: fileStore({ path }), close: async () => rmSync(folder, { recursive: true, force: true }) }
  }, fewRounds),
}

const notes: Readonly<Record<string, readonly string[]>> = {
  durableObjectStore: [
    `Through a Worker, from outside. Each account is an object of its own, and one more knows the names: there are objects for ${objects} accounts, and names for all.`,
  ],
  indexedDBStore: ['Each account is an entry of its own.'],
  fileStore: [
    'No budget: it is one file, which is read and replaced as a whole, so that its cost grows with it. It is made for the accounts of one person; many belong in redisStore or durableObjectStore.',
  ],
}
