// Runs in a page, which growth-indexeddb.ts opens.

import { indexedDBStore } from '../../src/stores/indexeddb.ts'
import { acts, fill } from './growth-acts.ts'
import type { BenchRow } from './part.ts'
import { microseconds, race } from './race.ts'

async function growth(sizes: readonly number[], rounds: number): Promise<BenchRow[]> {
  const stores = []
  for (const size of sizes) {
    const store = indexedDBStore({ name: `growth${size}` })
    await fill(store, 0, 10)
    await copy(`growth${size}`, size)
    if ((await store.keys()).length !== size) throw new Error('Not all accounts are there.')
    stores.push({ size, store })
  }
  const rows: BenchRow[] = []
  for (const [what, act] of Object.entries(acts)) {
    const racers = stores.map(({ size, store }) => ({ name: `${what}, ${size} accounts`, run: () => act(store) }))
    rows.push(...(await race(racers, { rounds, batch: 5, warmUp: 300, unit: microseconds })))
  }
  return rows
}

/** Puts one account's entry under the names of all others: sealing each would take minutes, and none is read. */
async function copy(name: string, size: number): Promise<void> {
  const database = await answered(indexedDB.open(name))
  const values = (mode: IDBTransactionMode): IDBObjectStore =>
    database.transaction('values', mode).objectStore('values')
  const entry: unknown = await answered(values('readonly').get(['record', 'slot5']))
  for (let from = 10; from < size; from += 5000) {
    const store = values('readwrite')
    for (let index = from; index < Math.min(size, from + 5000); index++) store.put(entry, ['record', `slot${index}`])
    await new Promise((resolve, reject) => {
      store.transaction.addEventListener('complete', resolve)
      store.transaction.addEventListener('abort', reject)
    })
  }
  database.close()
}

function answered<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(request.error ?? new Error('IndexedDB says no.')))
  })
}

Object.assign(globalThis, { growth, ready: true })
