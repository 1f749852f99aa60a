/**
 * Tokens in a web page's IndexedDB, sealed, for all tabs.
 *
 * @module
 */

import type { HeldStore, LockOptions, RecordChange, Store, StoredRecord } from '../contracts.ts'
import { OAuthError } from '../errors.ts'
import { frozen } from './frozen.ts'
import { type Database, openDatabase } from './indexeddb-database.ts'
import { checkLockOptions, lockQueue } from './lock-queue.ts'
import { openRecord, type SealedRecord, sealRecord } from './sealed-record.ts'
import { tellTabs, watchTabs } from './tab-hints.ts'
import { withinTime } from './within-time.ts'
import { webLocks, withWebLock } from './web-lock.ts'

/** Which database. */
export interface IndexedDBStoreOptions {
  /**
   * The database. Two stores with one name are one store, in all tabs and workers of the origin.
   *
   * @default 'latchkey'
   */
  readonly name?: string
}

/** How long an update that others keep overtaking goes on trying, in milliseconds. */
const patience = 30_000

/**
 * Keeps records in IndexedDB, shared by all tabs and workers of the origin until the browser or the person
 * clears it. A DPoP key lies beside its record as a `CryptoKey` that cannot be taken away.
 *
 * Each record is sealed with AES-256-GCM, and its key, which is not extractable, lies beside it. That
 * keeps tokens out of backups and of the profile's files as far as the browser keeps its keys out of them.
 * **It does not keep them from a script that runs on the page: what the page can read, the script can read.**
 *
 * A database that the browser or somebody else closes is opened again; one that was deleted holds nothing, nor does
 * a record whose key the browser has lost; tabs that hold a good access token in memory go on with it. Browsers may
 * write late: after a power cut the last refresh may be missing. A change may be asked several times.
 *
 * Errors: `store_denied` (blocked, or private browsing without storage), `persist_failed` (no room),
 * `timeout` (somebody blocks the database for 5 s), `store_corrupt`, `lock_timeout`, `aborted`.
 *
 * @example
 * ```ts
 * const client = createBrowserClient({ provider, clientId, redirectUri, store: indexedDBStore() })
 * ```
 *
 * @see {@link https://www.w3.org/TR/IndexedDB/ Indexed Database API}
 */
export function indexedDBStore(options: IndexedDBStoreOptions = {}): Store {
  const { name = 'latchkey' } = options
  if (name === '') throw new TypeError('name must be some text')
  const database = openDatabase(name)
  const channel = `${name}:`
  // Our own updates wait for each other, so that they need not overtake each other.
  const updates = lockQueue()
  const held: HeldStore = {
    get: async (slot) => (await read(database, slot)).record,
    update: (slot, change) =>
      updates(
        slot,
        async () => {
          const { changed, record } = await update(database, slot, change)
          if (changed) tellTabs(channel, slot)
          return record
        },
        { timeout: patience },
      ),
  }
  return {
    ...held,
    consistency: 'atomic',
    keepsKeys: true,
    keys: async () => slots(await database.keys()),
    lock: (slot, task, wait) => exclusively({ database, name: `${channel}lock:${slot}`, slot }, () => task(held), wait),
    watch: (slot, listener) => watchTabs(channel, slot, () => listener()),
  }
}

/** What lies in the database: a sealed record and its own key, so that neither is ever there without the other. */
interface Entry {
  readonly key: CryptoKey
  readonly sealed: StoredRecord
}

interface Found {
  readonly entry: Entry | undefined
  readonly record: StoredRecord | undefined
}

async function read(database: Database, slot: string): Promise<Found> {
  const entry = ((await database.get(place(slot))) ?? undefined) as Entry | undefined
  // Browsers may lose the keys they keep, and give nothing for them: what was sealed with one nobody can read again.
  if (!entry?.key) return { entry, record: undefined }
  const record = await openRecord([entry.key], slot, entry.sealed).catch(() => 'not ours' as const)
  if (typeof record === 'object') return { entry, record }
  throw new OAuthError('store_corrupt', { where: 'The entry in IndexedDB', reason: 'it cannot be decrypted' })
}

/**
 * Web Crypto is asynchronous, and a transaction ends when nobody asks it anything: so what was read is changed
 * and sealed first, and then exchanged, if it still is what is stored.
 */
async function update(
  database: Database,
  slot: string,
  change: RecordChange,
): Promise<{ readonly changed: boolean; readonly record: StoredRecord | undefined }> {
  const until = performance.now() + patience
  do {
    const { entry, record } = await read(database, slot)
    const given = change(record)
    if (given === record) return { changed: false, record }
    const key = entry?.key || (await newKey())
    const after =
      given === undefined ? undefined : await sealRecord(key, slot, { record: frozen(given), keepsKeys: true })
    if (await exchange(database, slot, entry, after && { key, sealed: after.sealed })) {
      return { changed: true, record: after?.record }
    }
  } while (performance.now() < until)
  throw new OAuthError('persist_failed', { where: 'IndexedDB', reason: 'others kept changing the record' })
}

async function exchange(
  database: Database,
  slot: string,
  before: Entry | undefined,
  after: { readonly key: CryptoKey; readonly sealed: SealedRecord['sealed'] } | undefined,
): Promise<boolean> {
  let exchanged = false
  await database.change(place(slot), (value) => {
    exchanged = envelope(value as Entry | undefined) === envelope(before)
    return exchanged ? after : value
  })
  return exchanged
}

/** No two envelopes are alike. */
function envelope(entry: Entry | undefined): string | undefined {
  return entry?.sealed.tokens.accessToken
}

function newKey(): Promise<CryptoKey> {
  return crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
}

function place(slot: string): IDBValidKey {
  return ['record', slot]
}

function slots(keys: readonly IDBValidKey[]): string[] {
  return keys.flatMap((key) => (Array.isArray(key) && key[0] === 'record' ? [String(key[1])] : []))
}

interface Gate {
  readonly database: Database
  readonly name: string
  readonly slot: string
}

async function exclusively<T>({ database, name, slot }: Gate, task: () => Promise<T>, wait: LockOptions): Promise<T> {
  const locks = webLocks()
  if (locks !== undefined) return withWebLock({ locks, name }, task, wait)
  checkLockOptions(wait)
  const bound = { what: 'the lock', after: wait.timeout }
  const { withLease } = await withinTime(import('./indexeddb-lease.ts'), bound).catch(() => {
    throw new OAuthError('store_denied', { where: 'The lock', reason: 'a part of the program cannot be loaded.' })
  })
  return withLease(database, slot, task, wait)
}
