/**
 * Any store, sealed.
 *
 * @module
 */

import type { HeldStore, RecordChange, Store, StoredRecord } from '../contracts.ts'
import { OAuthError } from '../errors.ts'
import { type EncryptionKeys, keyRing } from './encryption-key.ts'
import { frozen } from './frozen.ts'
import { lockQueue } from './lock-queue.ts'
import { openRecord, type SealedRecord, sealRecord } from './sealed-record.ts'

export type { EncryptionKey, EncryptionKeys } from './encryption-key.ts'

/** With what records are sealed, and whether clear ones are still read. */
export interface EncryptedStoreOptions {
  /**
   * The key, or several: the first encrypts, all decrypt. A record moves to the first with its next
   * write. A function is asked once, when the key is first needed.
   */
  readonly key: EncryptionKeys | (() => Promise<EncryptionKeys>)
  /**
   * Also reads records that lie there in clear, and encrypts them with their next write.
   *
   * For a move only: while it is on, whoever can write to the wrapped store can sign in there as
   * themselves, unnoticed.
   *
   * @default false
   */
  readonly adoptPlaintext?: boolean
}

/** How long an update that others keep overtaking goes on trying, in milliseconds. */
const patience = 30_000

/**
 * Encrypts what another store keeps, with AES-256-GCM: each record by itself, bound to its key, so
 * that records cannot be exchanged between accounts.
 *
 * Readable for the wrapped store stay: the keys, that is the accounts' names; how many there are, how
 * large, and when they change. An older record of the same account that somebody puts back is not
 * noticed. Where the wrapped store keeps `CryptoKey` objects, a `proofKey` lies beside the envelope as
 * such. Locks, watching and consistency are the wrapped store's. A change may be asked several times.
 *
 * Errors: `store_corrupt` (another key, a changed or foreign record, one in clear; it is never given out
 * nor overwritten, also not by a sign-out: remove it from the wrapped store), `store_denied` and `timeout`
 * (the function that gives the key failed, or was silent for 30 s), `persist_failed` (others kept changing
 * the record), and those of the wrapped store. A key that is none is a `TypeError`.
 *
 * @example
 * ```ts
 * // tokenKey: the output of `openssl rand -base64 32`
 * const store = encryptedStore(fileStore({ path }), { key: tokenKey })
 * ```
 *
 * @see {@link https://www.w3.org/TR/webcrypto/#aes-gcm Web Crypto, AES-GCM}
 */
export function encryptedStore(store: Store, options: EncryptedStoreOptions): Store {
  const { key, adoptPlaintext = false } = options
  const sealing: Sealing = { keys: keyRing(key), adoptPlaintext, keepsKeys: store.keepsKeys === true }
  const { watch } = store
  return {
    ...sealed(store, sealing),
    consistency: store.consistency,
    ...(store.keepsKeys !== undefined && { keepsKeys: store.keepsKeys }),
    ...(store.solitary !== undefined && { solitary: store.solitary }),
    keys: () => store.keys(),
    lock: (slot, task, lockOptions) => store.lock(slot, (held) => task(sealed(held, sealing)), lockOptions),
    ...(watch !== undefined && { watch: (slot, listener) => watch.call(store, slot, listener) }),
  }
}

interface Sealing {
  readonly keys: () => Promise<readonly CryptoKey[]>
  readonly adoptPlaintext: boolean
  readonly keepsKeys: boolean
}

function sealed(store: HeldStore, sealing: Sealing): HeldStore {
  // Our own updates wait for each other, so that they need not overtake each other.
  const updates = lockQueue()
  return {
    get: async (slot) => open(slot, await store.get(slot), sealing),
    update: (slot, change) => updates(slot, () => update(store, sealing, { slot, change }), { timeout: patience }),
  }
}

interface Update {
  readonly slot: string
  readonly change: RecordChange
}

/**
 * Web Crypto is asynchronous, the wrapped store's change is not: so what was read is changed and sealed
 * first, and then exchanged, if it still is what is stored.
 */
async function update(store: HeldStore, sealing: Sealing, { slot, change }: Update): Promise<StoredRecord | undefined> {
  const until = performance.now() + patience
  do {
    const before = await store.get(slot)
    const current = await open(slot, before, sealing)
    const given = change(current)
    if (given === current) return current
    const next = frozen(given)
    const after = next === undefined ? undefined : await close(slot, next, sealing)
    let exchanged = false
    await store.update(slot, (stored) => {
      exchanged = isSame(stored, before)
      return exchanged ? after?.sealed : stored
    })
    if (exchanged) return after?.record
  } while (performance.now() < until)
  throw new OAuthError('persist_failed', { where: entry(slot), reason: 'others kept changing it' })
}

/** An envelope is never made twice; only a record in clear must be looked at as a whole. */
function isSame(stored: StoredRecord | undefined, before: StoredRecord | undefined): boolean {
  return JSON.stringify(stored) === JSON.stringify(before)
}

async function open(
  slot: string,
  stored: StoredRecord | undefined,
  sealing: Sealing,
): Promise<StoredRecord | undefined> {
  if (stored === undefined) return undefined
  const record = await openRecord(await sealing.keys(), slot, stored)
  if (typeof record === 'object') return record
  if (record === 'in clear' && sealing.adoptPlaintext) return stored
  throw new OAuthError('store_corrupt', { where: entry(slot), reason: reasons[record] })
}

const reasons = {
  'in clear': 'it is not encrypted',
  'not ours': 'it was sealed with another key, for another account, or was changed since',
} as const

async function close(slot: string, record: StoredRecord, { keys, keepsKeys }: Sealing): Promise<SealedRecord> {
  const [key] = await keys()
  if (key === undefined) throw new TypeError('key must not be an empty list')
  return sealRecord(key, slot, { record, keepsKeys })
}

function entry(slot: string): string {
  return `The encrypted entry ${JSON.stringify(slot)}`
}
