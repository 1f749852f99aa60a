import fs, {
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { OAuthError } from '../errors.ts'
import { errnoOf } from './fs-failure.node.ts'

/** More than anyone's tokens; less than what would hurt to read. */
const largest = 16 * 1024 * 1024

/** Windows has none. */
const nonBlocking = constants.O_NONBLOCK ?? 0

/**
 * Reads a regular file of ours; `undefined` when there is none.
 *
 * Never hangs on a pipe or a device, and refuses a file that belongs to another person: who planted
 * it would choose the account. Read at once: ways through another thread take ten times as long as the reading.
 */
export async function readPrivateFile(target: string): Promise<Uint8Array | undefined> {
  return readPrivateFileSync(target)
}

/**
 * The same, for those who cannot wait.
 *
 * @param known There was a regular file a while ago, so that it is opened without a look: what it is, is
 * looked at before it is read.
 */
export function readPrivateFileSync(target: string, known = false): Buffer | undefined {
  const descriptor = openIfPresent(target, known)
  if (descriptor === undefined) return undefined
  try {
    const stats = fstatSync(descriptor)
    checkFile(stats, target)
    if (stats.size > largest) throw tooLarge(target)
    return readAll(descriptor, stats.size, target)
  } finally {
    closeSync(descriptor)
  }
}

/**
 * Replaces a file: whoever reads it, at any instant, also after a crash, finds the old or the new text
 * complete, and nobody else may read it.
 *
 * All at once but for what a disk takes its time for: whoever holds a lock is waited for.
 *
 * @param allowed Asked last, when only the exchange of names is left to do.
 * @returns Whether it was allowed.
 */
export async function replacePrivateFile(
  target: string,
  text: string,
  allowed: () => boolean | Promise<boolean>,
): Promise<boolean> {
  const before = statIfPresent(target)
  if (before !== undefined) {
    checkFile(before, target)
    // A rename asks the directory only; a file made read-only was made so for a reason.
    closeSync(openSync(target, constants.O_WRONLY | nonBlocking))
  }
  const temporary = `${target}.${Buffer.from(crypto.getRandomValues(new Uint8Array(8))).toString('hex')}.tmp`
  const descriptor = openSync(temporary, 'wx', 0o600)
  try {
    try {
      writeFileSync(descriptor, text)
      keepOwner(descriptor, before)
      await flushed(descriptor)
    } finally {
      closeSync(descriptor)
    }
    if (!(await allowed())) {
      unlinkSync(temporary)
      return false
    }
    renameSync(temporary, target)
  } catch (error) {
    discard(temporary)
    throw error
  }
  await syncDirectory(dirname(target))
  return true
}

/**
 * Removes what writers that died have left behind. Only for the holder of the lock: then no other
 * writer is at work.
 */
export function removeLeftovers(target: string): void {
  const directory = dirname(target)
  const prefix = `${basename(target)}.`
  for (const name of readdirSync(directory)) {
    if (name.startsWith(prefix) && /^[0-9a-f]{16}\.tmp$/.test(name.slice(prefix.length))) {
      discard(join(directory, name))
    }
  }
}

function discard(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // What cannot be removed now may be the next time.
  }
}

function openIfPresent(target: string, known: boolean): number | undefined {
  if (!known) {
    const before = statIfPresent(target)
    if (before === undefined) return undefined
    // Opening a device can do something; the flag is for a pipe put there since.
    checkFile(before, target)
  }
  try {
    return openSync(target, constants.O_RDONLY | nonBlocking)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}

function statIfPresent(target: string): Stats | undefined {
  try {
    return statSync(target)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}

function checkFile(stats: Stats, where: string): void {
  if (!stats.isFile()) throw new OAuthError('store_denied', { where, reason: 'it is not a regular file' })
  const owner = stats.uid
  if (owner === 0) return
  const user = effectiveUser()
  if (user !== undefined && user !== 0 && owner !== user) {
    throw new OAuthError('store_denied', { where, reason: 'it belongs to another user' })
  }
}

/** @param expected The size as last seen; the file may grow meanwhile. */
function readAll(descriptor: number, expected: number, where: string): Buffer {
  const chunks: Buffer[] = []
  let size = 0
  while (size <= largest) {
    const chunk = Buffer.allocUnsafe(Math.min(Math.max(expected + 1 - size, 1024), 64 * 1024))
    const count = readSync(descriptor, chunk)
    size += count
    const read = chunk.subarray(0, count)
    if (count === 0 || size === expected) return chunks.length === 0 ? read : Buffer.concat([...chunks, read])
    chunks.push(read)
  }
  throw tooLarge(where)
}

function tooLarge(where: string): OAuthError<'store_corrupt'> {
  return new OAuthError('store_corrupt', { where, reason: `it is larger than ${largest} bytes` })
}

/** Windows has none, and Deno may not tell. */
function effectiveUser(): number | undefined {
  try {
    return process.geteuid?.()
  } catch {
    return undefined
  }
}

/** So that an administrator's `sudo` does not lock the person out of their own file. */
function keepOwner(descriptor: number, before: Stats | undefined): void {
  if (before === undefined || effectiveUser() !== 0 || before.uid === 0) return
  fchownSync(descriptor, before.uid, before.gid)
}

/** Makes the rename itself durable. Some file systems cannot; the rename is atomic all the same. */
async function syncDirectory(directory: string): Promise<void> {
  try {
    const descriptor = openSync(directory, 'r')
    await flushed(descriptor).finally(() => closeSync(descriptor))
  } catch {
    // Nothing is lost that was there before.
  }
}

/** Waits until the disk has it. */
function flushed(descriptor: number): Promise<void> {
  return new Promise((resolve, reject) => {
    // Under its full name, so that a test can see when.
    fs.fsync(descriptor, (error) => (error ? reject(error) : resolve()))
  })
}
