/**
 * Tokens in Workers KV: copies for quick reading, or alone where nothing rotates.
 *
 * @module
 */

import type { HeldStore, RecordChange, Store, StoredRecord } from '../contracts.ts'
import { kvTexts, type KVBinding, type KVTexts } from './cloudflare-kv-binding.ts'
import { nearCopies } from './cloudflare-kv-copies.ts'
import { recordCodec, type RecordCodec } from './durable-object-records.ts'
import type { VaultNamespace } from './durable-object-stub.ts'
import { durableObjectStore, type DurableObjectStoreOptions } from './durable-object.ts'
import { checkLockOptions } from './lock-queue.ts'

export type { KVBinding, KVList, KVPutOptions } from './cloudflare-kv-binding.ts'
export type { EncryptionKey, EncryptionKeys } from './encryption-key.ts'

/** With what records are sealed, and who decides where KV cannot. */
export interface CloudflareKVStoreOptions extends DurableObjectStoreOptions {
  /**
   * The binding of `TokenVault`, which then decides who writes and whose turn it is, and keeps what it decided: KV
   * may go on showing an old record for a minute and more. What lies in KV are copies for quick reading.
   */
  readonly coordinator?: VaultNamespace
}

/**
 * Keeps records in Workers KV.
 *
 * Alone it is `'eventual'`: an update may be lost to another one, a change is seen elsewhere after a minute
 * or more, and `lock` keeps nobody out. That is fine where refresh tokens don't rotate. Where they rotate, or nobody
 * knows, two Workers would use the same one and the session would end, so that `createClient` refuses with `config`.
 *
 * With a `coordinator` it is `'atomic'`. A copy in KV is served only while its access token is good for another
 * minute; whatever else is asked goes to the object. A sign-out elsewhere, or another person's sign-in to
 * the same account slot, may stay unseen for as long as KV shows old copies, a minute or so.
 *
 * Errors: `store_corrupt` (no record, or sealed with another key; nothing is overwritten), `persist_failed`,
 * `timeout` (the write may have happened); with a coordinator also `lock_timeout`, `aborted`.
 *
 * @example
 * ```ts
 * export { TokenVault } from 'latchkey/stores/durable-object'
 *
 * const store = cloudflareKVStore(env.KV, { coordinator: env.VAULT, key: env.VAULT_KEY })
 * ```
 *
 * @see {@link https://developers.cloudflare.com/kv/concepts/how-kv-works/ How KV works}
 */
export function cloudflareKVStore(kv: KVBinding, options: CloudflareKVStoreOptions = {}): Store {
  const { coordinator, prefix = 'latchkey', timeout = 10_000 } = options
  if (typeof kv?.put !== 'function') throw new TypeError('kv must be a Workers KV binding')
  if (!/^[^:#]{1,100}$/.test(prefix)) {
    throw new TypeError('prefix must be some text of at most 100 characters, without : and #')
  }
  if (!(timeout > 0)) throw new TypeError('timeout must be a number of milliseconds')
  const texts = kvTexts(kv, prefix, timeout)
  const codec = recordCodec(options, 'Workers KV')
  return coordinator === undefined
    ? alone(texts, codec)
    : nearCopies(durableObjectStore(coordinator, options), texts, codec)
}

function alone(texts: KVTexts, codec: RecordCodec): Store {
  const get = async (slot: string): Promise<StoredRecord | undefined> => {
    const text = await texts.get(slot)
    return text === undefined ? undefined : codec.read(slot, text)
  }

  const update = async (slot: string, change: RecordChange): Promise<StoredRecord | undefined> => {
    const current = await get(slot)
    const given = change(current)
    if (given === current) return current
    if (given === undefined) {
      await texts.remove(slot)
      return undefined
    }
    const { text, record } = await codec.write(slot, given)
    await texts.put(slot, text)
    return record
  }

  const held: HeldStore = { get, update }
  return {
    ...held,
    consistency: 'eventual',
    keys: () => texts.slots(),
    lock: async (_, task, wait) => {
      checkLockOptions(wait)
      return task(held)
    },
  }
}
