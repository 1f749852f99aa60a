import { expect, it } from 'vitest'
import type { Store, StoredRecord } from '../../../src/contracts.ts'
import { memoryStore } from '../../../src/stores/memory.ts'
import { rememberingStore } from '../../../src/worker/remembering-store.ts'

const record: StoredRecord = { tokens: { accessToken: 'of a', tokenType: 'Bearer' } }

it('remembers nothing that was read while it was written, also where somebody else is being written', async () => {
  const truth = memoryStore()
  await truth.update('a', () => record)
  const slow = slowToWrite(truth)
  const store = rememberingStore(slow.store, { now: () => 0 })
  const leaving = store.update('a', () => undefined)
  const another = store.update('b', () => record)
  // A request of the person who is just being signed out.
  expect(await store.get('a')).toEqual(record)
  slow.write()
  await Promise.all([leaving, another])
  expect(await truth.get('a')).toBeUndefined()
  expect(store.remembered('a')).toBeUndefined()
  expect(await store.get('a')).toBeUndefined()
})

it('remembers nothing that was read while a write went on whose answer was lost', async () => {
  const truth = memoryStore()
  await truth.update('a', () => record)
  const slow = slowToWrite(truth, new Error('No answer'))
  const store = rememberingStore(slow.store, { now: () => 0 })
  const leaving = store.update('a', () => undefined).catch(() => 'failed')
  expect(await store.get('a')).toEqual(record)
  slow.write()
  expect(await leaving).toBe('failed')
  expect(await store.get('a')).toBeUndefined()
})

/** Writes only when it may, and then fails with `failure`, if there is one, although it has written. */
function slowToWrite(truth: Store, failure?: Error): { readonly store: Store; write(): void } {
  let write = (): void => undefined
  const may = new Promise<void>((resolve) => {
    write = resolve
  })
  const update: Store['update'] = async (key, change) => {
    await may
    const stored = await truth.update(key, change)
    if (failure !== undefined) throw failure
    return stored
  }
  return { store: { ...truth, update }, write: () => write() }
}
