import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memoryStore } from '../../src/index.ts'
import type { Store } from '../../src/index.ts'
import { fileStore } from '../../src/stores/file.node.ts'
import { redisStore } from '../../src/stores/redis.ts'
import { Redis } from 'ioredis'
import { startRedis } from '../node/redis-server.ts'
import type { BenchPart, BenchRow, BenchTable } from './part.ts'
import { microseconds, race } from './race.ts'
import { cachedTokens } from './stub-client.ts'

/** How the cost of one account grows with the others that are there. */
export const growth: BenchPart = async ({ short }) => {
  const sizes = short ? [10, 1000] : [10, 1000, 100_000]
  const options = { rounds: short ? 20 : 50, batch: 0.2, warmUp: 100, unit: microseconds }
  const tables: BenchTable[] = []
  for (const [name, open] of Object.entries(stores)) {
    const rows: BenchRow[] = []
    const opened = await Promise.all(sizes.map((size) => open(size)))
    try {
      for (const [what, act] of Object.entries(acts)) {
        const racers = opened.map(({ store }, index) => ({
          name: `${what}, ${sizes[index]} accounts`,
          run: () => act(store),
        }))
        rows.push(...(await race(racers, options)))
      }
    } finally {
      for (const { close } of opened) await close()
    }
    tables.push({
      title: `Growth of ${name}`,
      unit: 'µs',
      reference: `with ${sizes[0]} accounts`,
      rows,
      budgets: [],
      notes: notes[name] ?? [],
    })
  }
  return tables
}

interface Opened {
  readonly store: Store
  close(): Promise<void>
}

const acts: Readonly<Record<string, (store: Store) => Promise<unknown>>> = {
  get: (store) => store.get('slot5'),
  update: (store) => store.update('slot5', (found) => ({ ...found, tokens: { ...cachedTokens, expiresAt: ++count } })),
}

let count = 1

const nothing = async (): Promise<void> => undefined

const stores: Readonly<Record<string, (size: number) => Promise<Opened>>> = {
  async memoryStore(size) {
    const store = memoryStore()
    for (let index = 0; index < size; index++) await store.update(`slot${index}`, () => ({ tokens: cachedTokens }))
    return { store, close: nothing }
  },
  async fileStore(size) {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
    const path = join(folder, 'auth.json')
    const entry = { type: 'oauth', refresh: 'r', access: 'a', expires: cachedTokens.expiresAt }
    const slots = Array.from({ length: size }, (_, index) => [`slot${index}`, entry] as const)
    writeFileSync(path, JSON.stringify(Object.fromEntries(slots)), { mode: 0o600 })
    return { store: fileStore({ path }), close: async () => rmSync(folder, { recursive: true, force: true }) }
  },
  async redisStore(size) {
    const server = await startRedis()
    const redis = new Redis({ port: server.port, host: '127.0.0.1' })
    const store = redisStore(redis)
    for (let from = 0; from < size; from += 500) {
      const part = Array.from({ length: Math.min(500, size - from) }, (_, index) => `slot${from + index}`)
      await Promise.all(part.map((key) => store.update(key, () => ({ tokens: cachedTokens }))))
    }
    const close = async (): Promise<void> => {
      redis.disconnect()
      await server.stop()
    }
    return { store, close }
  },
}

const notes: Readonly<Record<string, readonly string[]>> = {
  fileStore: [
    'It is one file, which is read and replaced as a whole: made for the accounts of one person, and its cost grows with it.',
  ],
}
