import { describe, expect, it } from 'vitest'
import type { StoredRecord } from '../../../src/contracts.ts'
import { webStorageStore, type WebStorageArea } from '../../../src/stores/web-storage.ts'
import { storeContract } from '../../contracts/store.ts'

/** A storage as browsers have it, where there may be none. */
function area(broken: Partial<WebStorageArea> = {}): WebStorageArea {
  const values = new Map<string, string>()
  return {
    get length() {
      return values.size
    },
    key: (index) => [...values.keys()][index] ?? null,
    getItem: (name) => values.get(name) ?? null,
    setItem: (name, value) => void values.set(name, value),
    removeItem: (name) => void values.delete(name),
    ...broken,
  }
}

const record: StoredRecord = { tokens: { accessToken: 'secret-at', tokenType: 'Bearer', refreshToken: 'secret-rt' } }

const refuse = (): never => {
  throw new Error('secret-at')
}

storeContract(
  'webStorageStore over a storage of that shape',
  async () => {
    const storage = area()
    return {
      store: webStorageStore(storage),
      again: async () => webStorageStore(storage),
      destroy: async () => undefined,
    }
  },
  { watches: 'document' in globalThis && 'BroadcastChannel' in globalThis },
)

for (const name of areas()) {
  storeContract(
    `webStorageStore(${name})`,
    async () => {
      const storage = globalThis[name]
      storage.clear()
      return {
        store: webStorageStore(storage),
        again: async () => webStorageStore(storage),
        destroy: async () => storage.clear(),
      }
    },
    { watches: 'document' in globalThis && 'BroadcastChannel' in globalThis },
  )
}

/** The real ones, where there is a page. */
function areas(): readonly ('localStorage' | 'sessionStorage')[] {
  return 'document' in globalThis ? ['localStorage', 'sessionStorage'] : []
}

describe('webStorageStore', () => {
  it('counts no sign-in that is under way among the accounts', async () => {
    const storage = area()
    const store = webStorageStore(storage)
    await store.update('slot', () => record)
    // As `pageTransactions()` keeps one in the session storage.
    storage.setItem('latchkey:transaction:state', '{"transaction":{"state":"state"},"shared":true}')
    expect(await store.keys()).toEqual(['slot'])
  })

  it('leaves alone what is not its own', async () => {
    const storage = area()
    storage.setItem('theirs', 'x')
    const [ours, other] = [webStorageStore(storage), webStorageStore(storage, { prefix: 'other' })]
    await ours.update('slot', () => record)
    expect(await other.keys()).toEqual([])
    await ours.update('slot', () => undefined)
    expect(storage.getItem('theirs')).toBe('x')
    expect(storage.length).toBe(1)
  })

  it('neither gives out nor overwrites what is no record', async () => {
    const storage = area()
    storage.setItem('latchkey:slot', '{"tokens":')
    const store = webStorageStore(storage)
    await expect(store.get('slot')).rejects.toMatchObject({ code: 'store_corrupt' })
    await expect(store.update('slot', () => record)).rejects.toMatchObject({ code: 'store_corrupt' })
    expect(storage.getItem('latchkey:slot')).toBe('{"tokens":')
  })

  it('says that a full storage could not be written, and quotes nothing', async () => {
    const store = webStorageStore(area({ setItem: refuse }))
    const failure: unknown = await store.update('slot', () => record).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'persist_failed', retryable: true })
    expect(String(failure) + JSON.stringify(failure)).not.toContain('secret')
    expect(failure).not.toHaveProperty('cause')
  })

  it('says that a blocked storage may not be read', async () => {
    const store = webStorageStore(area({ getItem: refuse }))
    await expect(store.get('slot')).rejects.toMatchObject({ code: 'store_denied' })
  })

  it('refuses what is no storage', () => {
    expect(() => webStorageStore(undefined as unknown as WebStorageArea)).toThrow(TypeError)
  })
})
