/**
 * Tokens in the keychain of the operating system: Node, Deno and Bun.
 *
 * @module
 */

import { join, resolve } from 'node:path'
import type { HeldStore, LockOptions, RecordChange, Store, StoredRecord } from '../contracts.ts'
import { OAuthError } from '../errors.ts'
import { type FileLock, lockFile } from './file-lock.node.ts'
import { homeFolder } from './home-folder.node.ts'
import { type KeychainAccess, keychainAccess } from './keychain-access.node.ts'
import { type KeychainBackend, systemKeychain } from './keychain-backend.node.ts'
import { readItem, removeItem, writeItem } from './keychain-item.node.ts'
import { indexName, keychainName } from './keychain-name.node.ts'
import { checkLockOptions, lockQueue } from './lock-queue.ts'
import { beginWait } from './lock-wait.node.ts'
import { readRecord, recordText } from './record-text.ts'

export type { KeychainBackend } from './keychain-backend.node.ts'

/** Which keychain, under which name, and how patient. */
export interface KeychainStoreOptions {
  /**
   * The name under which the keychain shows the items. Another application is another service.
   *
   * @default 'latchkey'
   */
  readonly service?: string
  /** Another keychain than the system's. */
  readonly backend?: KeychainBackend
  /**
   * How long one question to the keychain may take, in milliseconds. A person may have to unlock it.
   *
   * @default 30_000
   */
  readonly timeout?: number
  /**
   * Where the lock lies, which all programs that share the service must agree on. It holds no secret.
   *
   * @default ~/.config/latchkey
   */
  readonly lockDirectory?: string
}

/** How long an `update` outside a lock waits for other programs, in milliseconds. */
const lockTimeout = 30_000

/** A lock is lost when this process slept for long; to lose it so often means that something else is wrong. */
const mostLosses = 3

/** All stores of this process that share a lock wait in one line, not against each other. */
const tasks = lockQueue()

/**
 * Keeps records in the system's keychain: the macOS Keychain, the Windows Credential Manager, the
 * Secret Service of Linux. Each record is one item (several where they may not be long), and one more
 * lists them.
 *
 * Needs the package `@napi-rs/keyring`, which Node, Deno and Bun share. Where it is missing Bun uses its own
 * `Bun.secrets`, which keeps its items apart and, on Linux, takes a locked keychain for an empty one. There
 * is no other way: never is anything written elsewhere. Where a machine may have no keychain, catch
 * `unsupported` and choose a store yourself.
 *
 * Any program of the same person may be able to read the items. Keychains know no locks, so the lock
 * is that of `fileStore`, on a file in `lockDirectory`: one for all keys. Within a task use `held`. While a
 * write that timed out may still happen, the lock stays taken.
 *
 * Errors: `unsupported` (no package, no keychain), `store_denied` (locked, refused), `timeout` (no answer: the
 * write may have happened), `store_corrupt` (cut, torn or foreign; it is not overwritten), `persist_failed`
 * (refused, or not there when read back), `lock_timeout`, `aborted`.
 *
 * @example
 * ```ts
 * const client = createClient({ provider, store: keychainStore({ service: 'my-cli' }) })
 * ```
 */
export function keychainStore(options: KeychainStoreOptions = {}): Store {
  const { service = 'latchkey', backend, timeout = 30_000, lockDirectory = defaultLockDirectory() } = options
  if (service === '' || service.includes('\0')) throw new TypeError('service must be some text')
  if (!(timeout > 0)) throw new TypeError('timeout must be a number of milliseconds')
  const place = { service, timeout, backend: backend === undefined ? systemKeychain : async () => backend }
  const shared: Shared = {
    keychain: keychainAccess(place),
    path: join(resolve(lockDirectory), `keychain-${keychainName(service)}`),
  }

  return {
    consistency: 'atomic',
    get: (key) => readKey(shared.keychain, key),
    update: (key, change) => locked(shared, (held) => held.update(key, change), { timeout: lockTimeout }),
    keys: async () => presentKeys(shared.keychain),
    lock: (_key, task, lockOptions) => locked(shared, task, lockOptions),
  }
}

interface Shared {
  readonly keychain: KeychainAccess
  /** The file whose lock is ours. There is none: the lock lies beside it. */
  readonly path: string
}

async function locked<T>(shared: Shared, task: (held: HeldStore) => Promise<T>, options: LockOptions): Promise<T> {
  checkLockOptions(options)
  const wait = beginWait(options)
  const run = async (): Promise<T> => {
    const lock = await lockFile(shared.path, wait)
    const updates = lockQueue()
    try {
      return await task({
        get: (key) => readKey(shared.keychain, key),
        update: (key, change) => updates('', () => updateKey(shared, lock, { key, change }), { timeout: lockTimeout }),
      })
    } finally {
      letGo(shared.keychain, lock)
    }
  }
  return tasks(shared.path, run, options)
}

/** Nobody else may write while something of ours is on its way. */
function letGo(keychain: KeychainAccess, lock: FileLock): void {
  if (keychain.busy()) void keychain.settled().then(lock.release)
  else lock.release()
}

interface Update {
  readonly key: string
  readonly change: RecordChange
}

/** Writes under `lock`; should it be lost, under a new one: what was to be written may be a rotated token. */
async function updateKey(shared: Shared, lock: FileLock, update: Update): Promise<StoredRecord | undefined> {
  const { keychain, path } = shared
  const first = await tryUpdate(keychain, update, lock.stillHeld)
  if (first !== 'lock lost') return first.record
  for (let losses = 1; losses < mostLosses; losses += 1) {
    const again = await lockFile(path, beginWait({ timeout: lockTimeout }))
    try {
      const outcome = await tryUpdate(keychain, update, again.stillHeld)
      if (outcome !== 'lock lost') return outcome.record
    } finally {
      letGo(keychain, again)
    }
  }
  throw new OAuthError('persist_failed', { where: 'The keychain', reason: 'its lock was lost while writing' })
}

async function tryUpdate(
  keychain: KeychainAccess,
  { key, change }: Update,
  stillHeld: () => boolean,
): Promise<{ readonly record: StoredRecord | undefined } | 'lock lost'> {
  const current = await readKey(keychain, key)
  const next = change(current)
  if (next === current) return { record: current }
  if (next === undefined) {
    if (!stillHeld()) return 'lock lost'
    await removeItem(keychain, keychainName(key))
    return (await list(keychain, { key, present: false }, stillHeld)) ? { record: undefined } : 'lock lost'
  }
  const text = asciiText(next)
  // A listed key without a record is none; a record that is not listed would be forgotten.
  if (current === undefined && !(await list(keychain, { key, present: true }, stillHeld))) return 'lock lost'
  if (!(await writeItem(keychain, keychainName(key), text, stillHeld))) return 'lock lost'
  return { record: readRecord(text) }
}

async function readKey(keychain: KeychainAccess, key: string): Promise<StoredRecord | undefined> {
  const text = await readItem(keychain, keychainName(key))
  if (text === undefined) return undefined
  const record = readRecord(text)
  if (record !== undefined) return record
  throw new OAuthError('store_corrupt', {
    where: `The keychain's entry ${JSON.stringify(key)}`,
    reason: 'it is no record',
  })
}

async function list(
  keychain: KeychainAccess,
  { key, present }: { readonly key: string; readonly present: boolean },
  stillHeld: () => boolean,
): Promise<boolean> {
  const keys = await listedKeys(keychain)
  if (keys.includes(key) === present) return true
  const next = present ? [...keys, key] : keys.filter((other) => other !== key)
  return writeItem(keychain, indexName, ascii(JSON.stringify(next)), stillHeld)
}

async function listedKeys(keychain: KeychainAccess): Promise<readonly string[]> {
  const keys: unknown = JSON.parse((await readItem(keychain, indexName)) ?? '[]')
  return Array.isArray(keys) ? keys.map(String) : []
}

async function presentKeys(keychain: KeychainAccess): Promise<string[]> {
  const present: string[] = []
  for (const key of await listedKeys(keychain)) {
    if ((await keychain.get(keychainName(key))) !== undefined) present.push(key)
  }
  return present
}

/** One byte for each character, as keychains count. */
function asciiText(record: StoredRecord): string {
  return ascii(recordText(record))
}

function ascii(json: string): string {
  return json.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function defaultLockDirectory(): string {
  return join(homeFolder(), '.config', 'latchkey')
}
