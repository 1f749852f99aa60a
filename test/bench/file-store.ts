import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileStore } from '../../src/stores/file.node.ts'
import { contention, stampede } from './contention.ts'
import { atMost } from './part.ts'
import type { BenchPart, BenchTable } from './part.ts'
import { loadPeer, named } from './peers.ts'
import { microseconds, race } from './race.ts'
import { cachedTokens } from './stub-client.ts'

export interface ProperLockfile {
  lock(file: string, options: object): Promise<() => Promise<void>>
}

/** The file: reading, locking, and many processes at it. */
export const files: BenchPart = async ({ short }) => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
  try {
    return [
      await alone(join(folder, 'auth.json'), short ? 100 : 400),
      await contention(folder, short ? 12 : 100),
      await stampede(folder, short ? 1 : 5),
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function alone(path: string, rounds: number): Promise<BenchTable> {
  const store = fileStore({ path })
  await store.update('example', () => ({ tokens: cachedTokens }))
  const { default: lockfile } = await loadPeer<{ readonly default: ProperLockfile }>('proper-lockfile')
  const read = (): unknown => JSON.parse(readFileSync(path, 'utf8'))
  let count = 0
  const change = (): { tokens: typeof cachedTokens } => ({ tokens: { ...cachedTokens, expiresAt: ++count } })
  const options = { rounds, batch: 0.2, warmUp: 200, unit: microseconds }
  const floor = { name: 'readFileSync and JSON.parse', run: read }
  const steady = await race(
    [
      floor,
      { name: 'fileStore.get', run: () => store.get('example') },
      { name: 'fileStore.lock around one get', run: () => store.lock('example', (held) => held.get('example'), wait) },
      { name: named('proper-lockfile', 'around one read'), run: () => underLock(lockfile, path, read) },
    ],
    options,
  )
  // By themselves: a text that somebody changes over and over has to be understood anew each time.
  const [, ...changing] = await race(
    [
      floor,
      { name: 'fileStore.get, the first of its store', run: () => fileStore({ path }).get('example') },
      { name: 'fileStore.update: lock, write, sync, rename, unlock', run: () => store.update('example', change) },
    ],
    options,
  )
  const [, get, lock, proper] = steady
  const quotient = (lock?.took.median ?? Number.NaN) / (proper?.took.median ?? Number.NaN)
  return {
    title: 'A file, and nobody else at it',
    unit: 'µs',
    reference: 'a read',
    rows: [...steady, ...changing],
    budgets: [
      atMost(1.3, get, 'readFileSync and JSON.parse'),
      {
        what: 'fileStore.lock around one get takes at most 0.25 × proper-lockfile',
        measured: `${quotient.toFixed(2)} ×`,
        holds: quotient <= 0.25,
      },
    ],
  }
}

const wait = { timeout: 30_000 }

async function underLock(lockfile: ProperLockfile, path: string, task: () => unknown): Promise<void> {
  const release = await lockfile.lock(path, { realpath: false, retries: 10 })
  task()
  await release()
}
