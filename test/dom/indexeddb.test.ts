import { describe, expect, inject, it } from 'vitest'
import type { StoredRecord } from '../../src/contracts.ts'
import { indexedDBStore } from '../../src/stores/indexeddb.ts'
import { storeContract } from '../contracts/store.ts'

const record: StoredRecord = { tokens: { accessToken: 'secret-at', tokenType: 'Bearer', refreshToken: 'secret-rt' } }

let databases = 0

/** A name that no other test has, also not one that runs at the same time. */
function freshName(): string {
  return `test-${databases++}-${Math.random()}`
}

function remove(name: string): Promise<void> {
  return settled(indexedDB.deleteDatabase(name)).then(() => undefined)
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

/** All that lies in the database. */
async function contents(name: string): Promise<unknown[]> {
  const db = await settled(indexedDB.open(name))
  const values = await settled(db.transaction('values').objectStore('values').getAll())
  db.close()
  return values
}

/** Makes of a record what a browser gives back that has lost its keys. */
async function loseKey(name: string, lost: (entry: object) => unknown): Promise<void> {
  const db = await settled(indexedDB.open(name))
  const values = db.transaction('values', 'readwrite').objectStore('values')
  const entry = (await settled(values.get(['record', 'slot']))) as object
  await settled(values.put(lost(entry), ['record', 'slot']))
  db.close()
}

/** Writes the lease of a slot, as another page would. */
async function putLease(name: string, lease: { readonly owner: string; readonly endsAt: number }): Promise<void> {
  const db = await settled(indexedDB.open(name))
  await settled(db.transaction('values', 'readwrite').objectStore('values').put(lease, ['lease', 'slot']))
  db.close()
}

/** Runs `task` while the browser has something else in place of a global. */
async function without<T>(name: string, value: unknown, task: () => Promise<T>): Promise<T> {
  const original = Object.getOwnPropertyDescriptor(globalThis, name)
  Object.defineProperty(globalThis, name, { configurable: true, value })
  try {
    return await task()
  } finally {
    if (original === undefined) Reflect.deleteProperty(globalThis, name)
    else Object.defineProperty(globalThis, name, original)
  }
}

const suite = inject('runtime') === 'happy-dom' ? whereThereIsNone : inBrowsers
suite()

function whereThereIsNone(): void {
  describe('indexedDBStore without IndexedDB', () => {
    it('says so at once, and throws nothing before it is asked', async () => {
      const store = indexedDBStore()
      await expect(store.get('slot')).rejects.toMatchObject({ code: 'store_denied' })
      await expect(store.update('slot', () => record)).rejects.toMatchObject({ code: 'store_denied' })
    })
  })
}

function inBrowsers(): void {
  storeContract(
    'indexedDBStore',
    async () => {
      const name = freshName()
      return {
        store: indexedDBStore({ name }),
        again: async () => indexedDBStore({ name }),
        destroy: () => remove(name),
      }
    },
    { increments: 40 },
  )

  describe('indexedDBStore', () => {
    it('lets no token lie in clear, and no key be taken away', async () => {
      const name = freshName()
      await indexedDBStore({ name }).update('slot', () => record)
      const values = await contents(name)
      expect(JSON.stringify(values)).not.toContain('secret')
      const [{ key }] = values as [{ key: CryptoKey }]
      await expect(crypto.subtle.exportKey('raw', key)).rejects.toThrow()
      await remove(name)
    })

    it.each([
      ['the key', (entry: object) => ({ ...entry, key: null })],
      ['all that lay beside the key', () => null],
    ])('holds nobody, and takes somebody in, where the browser has lost %s', async (_, lost) => {
      const name = freshName()
      await indexedDBStore({ name }).update('slot', () => record)
      await loseKey(name, lost)
      const store = indexedDBStore({ name })
      expect(await store.get('slot')).toBeUndefined()
      expect(await store.update('slot', (current) => current ?? record)).toEqual(record)
      expect(await indexedDBStore({ name }).get('slot')).toEqual(record)
      await remove(name)
    })

    it('keeps a key pair that cannot be extracted, and gives it back fit to sign', async () => {
      const name = freshName()
      const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify'])
      await indexedDBStore({ name }).update('slot', () => ({ ...record, proofKey: pair }))
      const found = (await indexedDBStore({ name }).get('slot'))?.proofKey as CryptoKeyPair
      const [how, data] = [{ name: 'ECDSA', hash: 'SHA-256' }, new Uint8Array([1])]
      const signature = await crypto.subtle.sign(how, found.privateKey, data)
      expect(await crypto.subtle.verify(how, pair.publicKey, signature, data)).toBe(true)
      expect(found.privateKey.extractable).toBe(false)
      await remove(name)
    })

    it('lets the database be deleted under it, then holds nothing, and goes on', async () => {
      const name = freshName()
      const store = indexedDBStore({ name })
      await store.update('slot', () => record)
      await remove(name)
      expect(await store.get('slot')).toBeUndefined()
      await store.update('slot', () => record)
      expect(await indexedDBStore({ name }).get('slot')).toEqual(record)
      await remove(name)
    })

    it('opens a database again that the browser has closed without a word', async () => {
      const name = freshName()
      const store = indexedDBStore({ name })
      await store.update('slot', () => record)
      const original = IDBDatabase.prototype.transaction
      let refusals = 0
      IDBDatabase.prototype.transaction = function (...args) {
        if (this.name !== name || refusals++ > 0) return original.apply(this, args)
        throw new DOMException('The database connection is closing.', 'InvalidStateError')
      }
      try {
        expect(await store.get('slot')).toEqual(record)
        expect(refusals).toBeGreaterThan(1)
      } finally {
        IDBDatabase.prototype.transaction = original
        await remove(name)
      }
    })

    it('gives up on a database that somebody blocks within 5 s, and on nothing for ever', async () => {
      const name = freshName()
      const blocker = await settled(indexedDB.open(name, 1))
      // Nobody lets go of the old version, so that the new one, and whoever comes after it, has to wait.
      const upgrade = indexedDB.open(name, 2)
      upgrade.onupgradeneeded = () => upgrade.result.createObjectStore('values')
      const store = indexedDBStore({ name })
      const began = performance.now()
      await expect(store.get('slot')).rejects.toMatchObject({ code: 'timeout' })
      expect(performance.now() - began).toBeLessThan(6500)
      blocker.close()
      const db = await settled(upgrade)
      db.close()
      expect(await store.get('slot')).toBeUndefined()
      await remove(name)
    })

    it('says that there is no room, and keeps what was there', async () => {
      const name = freshName()
      const store = indexedDBStore({ name })
      await store.update('slot', () => record)
      const original = IDBObjectStore.prototype.put
      IDBObjectStore.prototype.put = () => {
        throw new DOMException('secret-at', 'QuotaExceededError')
      }
      const full: unknown = await store
        .update('slot', () => ({ tokens: { ...record.tokens, accessToken: 'new' } }))
        .catch((error: unknown) => error)
      IDBObjectStore.prototype.put = original
      expect(full).toMatchObject({ code: 'persist_failed' })
      expect(String(full) + JSON.stringify(full)).not.toContain('secret')
      expect(await store.get('slot')).toEqual(record)
      await remove(name)
    })

    it('says that a private window, where nothing may be opened, refuses it', async () => {
      const refusing = {
        open: () => {
          throw new DOMException('no', 'SecurityError')
        },
      }
      await without('indexedDB', refusing, async () => {
        const store = indexedDBStore({ name: freshName() })
        await expect(store.get('slot')).rejects.toMatchObject({ code: 'store_denied' })
        await expect(store.update('slot', () => record)).rejects.toMatchObject({ code: 'store_denied' })
      })
    })
  })

  describe('indexedDBStore without Web Locks', () => {
    it('keeps others out by a lease, which ends with the task', async () => {
      const name = freshName()
      const [one, other] = [indexedDBStore({ name }), indexedDBStore({ name })]
      await without('navigator', { locks: undefined }, async () => {
        let inside = 0
        let most = 0
        const task = async (): Promise<void> => {
          most = Math.max(most, ++inside)
          await new Promise((resolve) => setTimeout(resolve, 20))
          inside--
        }
        const handles = [one, other, one, other]
        await Promise.all(handles.map((store) => store.lock('slot', task, { timeout: 5000 })))
        expect(most).toBe(1)
        await one.lock(
          'slot',
          async () => {
            const late = other.lock('slot', task, { timeout: 100 })
            await expect(late).rejects.toMatchObject({ code: 'lock_timeout' })
          },
          { timeout: 1000 },
        )
      })
      expect(await one.keys()).toEqual([])
      await remove(name)
    })

    it('needs nothing that came with the locks that are missing', async () => {
      const name = freshName()
      const store = indexedDBStore({ name })
      // Safari before 15.4 has neither.
      Object.defineProperty(crypto, 'randomUUID', { configurable: true, value: undefined })
      const work = (): Promise<string> => store.lock('slot', async () => 'done', { timeout: 1000 })
      const outcome = without('navigator', { locks: undefined }, work).finally(() => {
        Reflect.deleteProperty(crypto, 'randomUUID')
      })
      expect(await outcome).toBe('done')
      await remove(name)
    })

    it.each([
      ['has ended', 200],
      ['was given while the clock went wrong', 3_600_000],
    ])('takes over a lease that %s', async (_, left) => {
      const name = freshName()
      const store = indexedDBStore({ name })
      await store.keys()
      await putLease(name, { owner: 'gone', endsAt: Date.now() + left })
      const work = (): Promise<string> => store.lock('slot', async () => 'done', { timeout: 3000 })
      expect(await without('navigator', { locks: undefined }, work)).toBe('done')
      await remove(name)
    })

    it('leaves the lease of whoever has taken it over meanwhile', async () => {
      const name = freshName()
      const store = indexedDBStore({ name })
      const taken = { owner: 'another', endsAt: Date.now() + 9000 }
      const work = (): Promise<void> => store.lock('slot', () => putLease(name, taken), { timeout: 1000 })
      await without('navigator', { locks: undefined }, work)
      expect(await contents(name)).toEqual([taken])
      await remove(name)
    })
  })
}
