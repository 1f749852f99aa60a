/**
 * Tokens in a Durable Object for each account, for Workers.
 *
 * @module
 */

import type { HeldStore, LockOptions, Store } from '../contracts.ts'
import { holdVaultLease } from './durable-object-lease.ts'
import { recordCodec, vaultHandle, type VaultRecords } from './durable-object-records.ts'
import { vault, type Vault, type VaultNamespace } from './durable-object-stub.ts'
import type { EncryptionKeys } from './encryption-key.ts'
import { checkLockOptions } from './lock-queue.ts'

export type { VaultSql, VaultStorage } from './durable-object-storage.ts'
export type { VaultNamespace, VaultStub } from './durable-object-stub.ts'
export { TokenVault } from './durable-object-vault.ts'
export type { VaultContext } from './durable-object-vault.ts'
export type { EncryptionKey, EncryptionKeys } from './encryption-key.ts'

/** With what records are sealed, and how patient. */
export interface DurableObjectStoreOptions {
  /**
   * Seals each record for its account before it leaves the Worker, with AES-256-GCM. The first key seals, all open.
   *
   * Without one records lie in the object as text. Cloudflare encrypts its disks, so that this is
   * against whoever may read the account's data, and worth a secret of the Worker's.
   */
  readonly key?: EncryptionKeys
  /**
   * How the names of all objects begin, without `:` and `#`. Two stores with one prefix and one binding are one store.
   *
   * @default 'latchkey'
   */
  readonly prefix?: string
  /**
   * For how long a lock outlives its holder's last sign of life, in milliseconds. Where the holder's connection
   * breaks, as when its isolate dies, a fifth of that.
   *
   * @default 10_000
   */
  readonly lease?: number
  /**
   * How long an object may take to answer, in milliseconds.
   *
   * @default 10_000
   */
  readonly timeout?: number
}

/**
 * Keeps records in Durable Objects, for Workers: one account's record in an object of its own, wherever
 * in the world it is asked for.
 *
 * An update is an indivisible compare-and-swap; its change may be asked several times. A lock is a place in the
 * object's queue, first come, first served, over a connection that stays open while the task runs. It
 * outlives restarts of the object. Who lost it all the same is told so by the next `held.update`, which then
 * writes nothing. A task that takes 30 s more than its wait's `timeout` loses it: its caller may have gone long ago.
 *
 * All names stand in one more object, which is asked when an account comes or goes, and by `keys()`. That may
 * name an account that has just gone, never miss one that is there.
 *
 * Errors: `store_corrupt` (no record, or sealed with another key; nothing is overwritten), `persist_failed`
 * (the object gave no answer, the lock was lost), `timeout` (no answer in time: the write may have
 * happened), `lock_timeout`, `aborted`.
 *
 * @example
 * ```ts
 * export { TokenVault } from 'latchkey/stores/durable-object'
 *
 * const store = durableObjectStore(env.VAULT, { key: env.VAULT_KEY }) // `openssl rand -base64 32`
 * ```
 *
 * @see {@link https://developers.cloudflare.com/durable-objects/ Durable Objects}
 */
export function durableObjectStore(namespace: VaultNamespace, options: DurableObjectStoreOptions = {}): Store {
  const { prefix = 'latchkey', lease = 10_000, timeout = 10_000 } = options
  if (typeof namespace?.idFromName !== 'function') throw new TypeError('namespace must be a Durable Object binding')
  if (/^$|[:#]/.test(prefix)) throw new TypeError('prefix must be some text without : and #')
  // A longer time ends at once, as timers have it.
  if (!(lease >= 100 && timeout > 0 && Math.max(lease, timeout) < 2 ** 31)) {
    throw new TypeError('lease and timeout must be numbers of milliseconds')
  }
  const records: VaultRecords = {
    codec: recordCodec(options, 'the Durable Object'),
    vaultOf: (slot) => vault(namespace, `${prefix}:${slot}`, timeout),
    index: vault(namespace, `${prefix}#names`, timeout),
  }

  async function lock<T>(slot: string, task: (held: HeldStore) => Promise<T>, wait: LockOptions): Promise<T> {
    checkLockOptions(wait)
    const own = await holdVaultLease(records.vaultOf(slot), { lease, timeout }, wait)
    try {
      return await task(vaultHandle(records, { ...own, slot }))
    } finally {
      await own.release()
    }
  }

  return { ...vaultHandle(records), consistency: 'atomic', keys: () => allNames(records.index), lock }
}

/** How many names come at once. */
const page = 5000

async function allNames(index: Vault): Promise<string[]> {
  const all: string[] = []
  for (let after = ''; ; ) {
    const { names = [] } = await index.call({ do: 'names', after, limit: page })
    all.push(...names.map((name) => JSON.parse(name) as string))
    const last = names.at(-1)
    if (last === undefined || names.length < page) return all
    after = last
  }
}
