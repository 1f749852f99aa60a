import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../../src/stores/memory.ts'
import { storeContract } from '../../contracts/store.ts'

storeContract('memory', async () => {
  const store = memoryStore()
  return { store, again: async () => store, destroy: async () => undefined }
})

describe('the memory store', () => {
  it('keeps a key pair as it is, so that its private key need not be extractable', async () => {
    const store = memoryStore()
    const proofKey = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify'])
    await store.update('slot', () => ({ tokens: { accessToken: 'at', tokenType: 'DPoP' }, proofKey }))
    expect((await store.get('slot'))?.proofKey).toStrictEqual(proofKey)
    expect(store.keepsKeys).toBe(true)
  })

  it('gives the same object until something changes', async () => {
    const store = memoryStore()
    await store.update('slot', () => ({ tokens: { accessToken: 'at', tokenType: 'Bearer' } }))
    const first = await store.get('slot')
    await store.update('slot', (current) => current)
    expect(await store.get('slot')).toBe(first)
  })

  it('serves those who wait in the order they came', async () => {
    const store = memoryStore()
    const order: number[] = []
    const all = [1, 2, 3, 4, 5].map((turn) => store.lock('slot', async () => order.push(turn), { timeout: 1_000 }))
    await Promise.all(all)
    expect(order).toEqual([1, 2, 3, 4, 5])
  })

  it('locks one key without locking another', async () => {
    const store = memoryStore()
    const inner = (): Promise<string> => store.lock('other', async () => 'free', { timeout: 100 })
    expect(await store.lock('slot', inner, { timeout: 100 })).toBe('free')
  })

  it('skips one who gave up without losing the turn of those behind', async () => {
    const store = memoryStore()
    let release = (): void => undefined
    const first = store.lock(
      'slot',
      () =>
        new Promise<void>((resolve) => {
          release = resolve
        }),
      { timeout: 1_000 },
    )
    const second = store.lock('slot', async () => 'second', { timeout: 10 }).catch(() => 'gave up')
    const third = store.lock('slot', async () => 'third', { timeout: 5_000 })
    expect(await second).toBe('gave up')
    release()
    await first
    expect(await third).toBe('third')
  })
})
