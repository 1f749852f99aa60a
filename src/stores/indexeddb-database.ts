import { createStore, promisifyRequest } from 'idb-keyval'
import type { UseStore } from 'idb-keyval'
import { isOAuthError, OAuthError } from '../errors.ts'
import { withinTime } from './within-time.ts'

/** A database of keys and values. Errors: `store_denied`, `persist_failed`, `timeout`; each within ten seconds. */
export interface Database {
  /** Gives the value of a key, `undefined` where there is none. */
  get(key: IDBValidKey): Promise<unknown>
  keys(): Promise<IDBValidKey[]>
  /**
   * In one transaction, writes what `change` makes of a key's value; `undefined` removes. `change` may be
   * asked twice, and must not throw.
   */
  change(key: IDBValidKey, change: (value: unknown) => unknown): Promise<void>
}

/** How long one attempt may take, in milliseconds. A database that somebody blocks answers never. */
const longestWait = 5000

const where = 'IndexedDB'

/** Opens a database when it is first needed, and again whenever the browser or somebody else has closed it. */
export function openDatabase(name: string): Database {
  let use: UseStore | undefined

  async function run<T>(mode: IDBTransactionMode, work: (values: IDBObjectStore) => Promise<T>): Promise<T> {
    const own = (use ??= createStore(name, 'values'))
    const forget = (): void => {
      if (use === own) use = undefined
    }
    try {
      const done = own(mode, (values) => {
        const { db } = values.transaction
        // Whoever deletes the database need not wait for us.
        db.onversionchange = () => {
          forget()
          db.close()
        }
        return work(values)
      })
      return await withinTime(done, { what: where, after: longestWait })
    } catch (error) {
      forget()
      throw error
    }
  }

  async function persistent<T>(mode: IDBTransactionMode, work: (values: IDBObjectStore) => Promise<T>): Promise<T> {
    try {
      return await run(mode, work).catch((error: unknown) => {
        if (!wasClosed.includes(nameOf(error))) throw error
        return run(mode, work)
      })
    } catch (error) {
      throw failure(mode, error)
    }
  }

  return {
    get: (key) => persistent('readonly', (values) => promisifyRequest(values.get(key))),
    keys: () => persistent('readonly', (values) => promisifyRequest(values.getAllKeys())),
    change: (key, change) => persistent('readwrite', (values) => changeValue(values, key, change)),
  }
}

function changeValue(values: IDBObjectStore, key: IDBValidKey, change: (value: unknown) => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = values.get(key)
    asked.onerror = () => reject(asked.error)
    asked.onsuccess = () => {
      // What is thrown here would reach nobody but the page's own error listeners.
      try {
        const next = change(asked.result)
        if (next === undefined) values.delete(key)
        else if (next !== asked.result) values.put(next, key)
        resolve(promisifyRequest(values.transaction))
      } catch (error) {
        reject(error)
      }
    }
  })
}

/** What a transaction on a lost connection fails with. Nothing was written then. */
const wasClosed: readonly unknown[] = ['InvalidStateError', 'UnknownError', 'AbortError']

function failure(mode: IDBTransactionMode, error: unknown): OAuthError {
  if (isOAuthError(error)) return error
  const name = nameOf(error)
  // The original is no cause: it may quote what was to be written.
  if (name === 'QuotaExceededError')
    return new OAuthError('persist_failed', { where, reason: 'there is no room left.' })
  const reason = typeof indexedDB === 'undefined' ? 'there is none.' : `the browser refuses it (${String(name)}).`
  return new OAuthError(mode === 'readonly' || name === 'SecurityError' ? 'store_denied' : 'persist_failed', {
    where,
    reason,
  })
}

function nameOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'name' in error ? error.name : undefined
}
