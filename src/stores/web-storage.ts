/**
 * Tokens in `localStorage` or `sessionStorage`, in clear.
 *
 * @module
 */

import type { HeldStore, LockOptions, RecordChange, Store, StoredRecord } from '../contracts.ts'
import { OAuthError } from '../errors.ts'
import { type LockQueue, lockQueue } from './lock-queue.ts'
import { readRecord, recordText } from './record-text.ts'
import { tellTabs, watchTabs } from './tab-hints.ts'
import { webLocks, withWebLock } from './web-lock.ts'

/** The part of `Storage` that is used: `localStorage`, `sessionStorage`, or anything of that shape. */
export interface WebStorageArea {
  readonly length: number
  key(index: number): string | null
  getItem(name: string): string | null
  setItem(name: string, value: string): void
  removeItem(name: string): void
}

/** Under which names. */
export interface WebStorageStoreOptions {
  /**
   * How all names in the storage begin. Two stores with one prefix are one store.
   *
   * @default 'latchkey'
   */
  readonly prefix?: string
}

/** The longest wait for another tab that is writing, in milliseconds. It writes without waiting for anything. */
const patience: LockOptions = { timeout: 5000 }

/**
 * Keeps records in `localStorage` (shared by all tabs, until it is cleared) or `sessionStorage` (one tab,
 * until it is closed).
 *
 * **Tokens lie there in clear text: any script on the page, and whoever reads the browser's profile,
 * can take the refresh token away and use it elsewhere.** `indexedDBStore()` keeps them sealed with a key
 * that cannot be taken away; `memoryStore()` keeps them nowhere.
 *
 * Updates and locks are indivisible among tabs where there are Web Locks: everywhere today, but only in
 * secure contexts (https, or this machine). Elsewhere they are so within one tab, and two tabs can lose a session.
 *
 * Errors: `store_corrupt`, `store_denied` (cookies or storage are blocked), `persist_failed` (full),
 * `lock_timeout`, `aborted`.
 *
 * @example
 * ```ts
 * const client = createBrowserClient({ provider, clientId, store: webStorageStore(sessionStorage) })
 * ```
 *
 * @see {@link https://html.spec.whatwg.org/multipage/webstorage.html HTML, Web storage}
 */
export function webStorageStore(storage: WebStorageArea, options: WebStorageStoreOptions = {}): Store {
  const { prefix = 'latchkey' } = options
  if (prefix === '') throw new TypeError('prefix must be some text')
  if (typeof storage?.getItem !== 'function') throw new TypeError('storage must be localStorage or alike')
  const area: Area = { storage, prefix: `${prefix}:` }
  const held: HeldStore = {
    get: async (slot) => read(area, slot),
    update: async (slot, change) => exclusively(area, `write:${slot}`, () => update(area, slot, change), patience),
  }
  return {
    ...held,
    consistency: 'atomic',
    keys: async () => names(area),
    lock: (slot, task, wait) => exclusively(area, `lock:${slot}`, () => task(held), wait),
    watch: (slot, listener) => watch(area, slot, listener),
  }
}

interface Area {
  readonly storage: WebStorageArea
  readonly prefix: string
}

const where = 'The web storage'

function read({ storage, prefix }: Area, slot: string): StoredRecord | undefined {
  const text = allowed(() => storage.getItem(prefix + slot))
  if (text === null) return undefined
  const record = readRecord(text)
  if (record !== undefined) return record
  throw new OAuthError('store_corrupt', { where, reason: 'the entry is no record' })
}

async function update(area: Area, slot: string, change: RecordChange): Promise<StoredRecord | undefined> {
  const current = read(area, slot)
  const next = change(current)
  if (next === current) return current
  const { storage, prefix } = area
  if (next === undefined) allowed(() => storage.removeItem(prefix + slot))
  else write(storage, prefix + slot, recordText(next))
  tellTabs(area.prefix, slot)
  return read(area, slot)
}

function write(storage: WebStorageArea, name: string, text: string): void {
  try {
    storage.setItem(name, text)
  } catch {
    // The original is no cause: it may quote what it could not write.
    throw new OAuthError('persist_failed', { where, reason: 'it is full, or may not be written' })
  }
}

/** Of the accounts only: a sign-in under way lies beside them, under the same prefix. */
function names({ storage, prefix }: Area): string[] {
  return allowed(() => Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? ''))
    .filter((name) => name.startsWith(prefix) && readRecord(allowed(() => storage.getItem(name)) ?? '') !== undefined)
    .map((name) => name.slice(prefix.length))
}

function allowed<T>(access: () => T): T {
  try {
    return access()
  } catch {
    throw new OAuthError('store_denied', { where, reason: 'the browser refuses it' })
  }
}

/** One queue for all stores over the same storage, where tabs have no locks to share. */
const queues = new WeakMap<WebStorageArea, LockQueue>()

function exclusively<T>(
  { storage, prefix }: Area,
  name: string,
  task: () => Promise<T>,
  wait: LockOptions,
): Promise<T> {
  const locks = webLocks()
  if (locks !== undefined) return withWebLock({ locks, name: prefix + name }, task, wait)
  const queue = queues.get(storage) ?? lockQueue()
  queues.set(storage, queue)
  return queue(prefix + name, task, wait)
}

function watch(area: Area, slot: string, listener: () => void): () => void {
  const own = (): void => listener()
  const unwatch = watchTabs(area.prefix, slot, own)
  const page = globalThis as Partial<Pick<typeof globalThis, 'addEventListener' | 'removeEventListener'>>
  // Also what others write without us; `null` says that all was cleared.
  const hear = (event: Event & { readonly key?: string | null; readonly storageArea?: unknown }): void => {
    if (event.storageArea === area.storage && (event.key === null || event.key === area.prefix + slot)) own()
  }
  page.addEventListener?.('storage', hear)
  return () => {
    unwatch()
    page.removeEventListener?.('storage', hear)
  }
}
