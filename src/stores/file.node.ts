/**
 * An `auth.json` that several programs may share: Node, Deno and Bun.
 *
 * @module
 */

import { resolve } from 'node:path'
import type { HeldStore, LockOptions, RecordChange, Store, StoredRecord } from '../contracts.ts'
import { OAuthError } from '../errors.ts'
import { type FileLock, lockFile } from './file-lock.node.ts'
import { fsFailure, ifPossible } from './fs-failure.node.ts'
import { checkLockOptions, lockQueue } from './lock-queue.ts'
import { beginWait } from './lock-wait.node.ts'
import { replacePrivateFile } from './private-file.node.ts'
import { authFileReader, type ReadAuthFile } from './read-auth-file.node.ts'
import { resolveTarget } from './resolve-target.node.ts'
import { watchFile } from './watch-file.node.ts'

/** Which file, and how patient. */
export interface FileStoreOptions {
  /** The file. It need not exist; neither need its directory. */
  readonly path: string
  /**
   * How long an `update` outside a lock waits for other programs, in milliseconds.
   *
   * @default 30_000
   */
  readonly lockTimeout?: number
}

/** All stores of this process that write the same file wait in one line, not against each other. */
const tasks = lockQueue()

/** Within one task too, one update sees what the one before has written. */
const updates = lockQueue()

/** A lock is lost when this process slept for long; to lose it so often means that something else is wrong. */
const mostLosses = 3

/**
 * Keeps records in a file in the format of Pi's `auth.json`, shared with Pi and other programs.
 *
 * The file is created 0600, its directory 0700, and always replaced as a whole: a crash leaves the old
 * or the new text. A file that others could read is no longer so once it was written. Entries and
 * fields of other programs stay byte for byte. A symbolic link stays one. Tokens lie in it in clear.
 *
 * Reads take no lock and write nothing. The lock is one for the whole file: it is Pi's, an empty
 * directory `<path>.lock`. While a task holds it, every `update` but `held.update` waits, also for another
 * key, also of a sign-out. Within a task use `held`: `update` of the store itself waits for the task's own lock.
 *
 * Errors: `store_corrupt` (not an object in JSON; nothing is overwritten), `store_denied` (no
 * permission, a read-only disk, not a regular file, another user's file, an entry that is no OAuth
 * entry), `persist_failed` (a full disk, …; the file is as it was), `lock_timeout`, `aborted`.
 *
 * @example
 * ```ts
 * const store = fileStore({ path: join(homedir(), '.pi/agent/auth.json') })
 * const client = createClient({ provider: anthropic(), store })
 * ```
 */
export function fileStore(options: FileStoreOptions): Store {
  const { path: given, lockTimeout = 30_000 } = options
  if (given === '' || given.includes('\0')) throw new TypeError('path must be the path of a file')
  const path = resolve(given)
  const read = authFileReader()
  const file: LockedFile = { path, lockTimeout, read }

  const get = async (key: string): Promise<StoredRecord | undefined> => (await read(path)).document.get(key)

  return {
    consistency: 'atomic',
    get,
    update: (key, change) => locked(file, (held) => held.update(key, change), { timeout: lockTimeout }),
    keys: async () => (await read(path)).document.keys(),
    lock: (_key, task, lockOptions) => locked(file, task, lockOptions),
    watch: (key, listener) => watchFile(path, () => get(key), listener),
  }
}

interface LockedFile {
  readonly path: string
  readonly lockTimeout: number
  readonly read: ReadAuthFile
}

async function locked<T>(file: LockedFile, task: (held: HeldStore) => Promise<T>, options: LockOptions): Promise<T> {
  checkLockOptions(options)
  const wait = beginWait(options)
  const run = async (): Promise<T> => {
    const lock = await lockFile(file.path, wait)
    try {
      return await task(heldFile(file, lock))
    } finally {
      lock.release()
    }
  }
  // What cannot be resolved is told by who takes the lock.
  return tasks(ifPossible(() => resolveTarget(file.path)) ?? file.path, run, options)
}

function heldFile(file: LockedFile, lock: FileLock): HeldStore {
  return {
    get: async (key) => (await file.read(lock.target)).document.get(key),
    update: (key, change) =>
      updates(lock.target, () => updateFile(file, lock, { key, change }), { timeout: file.lockTimeout }),
  }
}

/** Writes under `lock`; should it be lost, under a new one: what was to be written may be a rotated token. */
async function updateFile(file: LockedFile, lock: FileLock, update: Update): Promise<StoredRecord | undefined> {
  const first = await tryUpdate(file, lock, update)
  if (first !== 'lock lost') return first.record
  for (let losses = 1; losses < mostLosses; losses += 1) {
    const again = await lockFile(file.path, beginWait({ timeout: file.lockTimeout }))
    try {
      const outcome = await tryUpdate(file, again, update)
      if (outcome !== 'lock lost') return outcome.record
    } finally {
      again.release()
    }
  }
  throw new OAuthError('persist_failed', { where: lock.target, reason: 'its lock was lost while writing' })
}

interface Update {
  readonly key: string
  readonly change: RecordChange
}

type Tried = { readonly record: StoredRecord | undefined } | 'lock lost'

/** Some programs write without a lock: what they have just written is read again, and not written over. */
async function tryUpdate(file: LockedFile, lock: FileLock, update: Update, overtaken = 0): Promise<Tried> {
  const { read } = file
  const { text, document } = await read(lock.target)
  const current = document.get(update.key)
  const next = update.change(current)
  if (next === current) return { record: current }
  const edited = document.with(update.key, next)
  if (edited.text === text) return { record: current }
  let changed = false
  const allowed = async (): Promise<boolean> => {
    if (!lock.stillHeld()) return false
    // Whoever never pauses must not keep a rotated token from being stored.
    changed = overtaken < mostLosses && (await read(lock.target)).text !== text
    return !changed
  }
  try {
    if (!(await replacePrivateFile(lock.target, edited.text, allowed))) {
      return changed ? await tryUpdate(file, lock, update, overtaken + 1) : 'lock lost'
    }
  } catch (error) {
    throw fsFailure(error, lock.target, 'persist_failed')
  }
  return { record: edited.record }
}
