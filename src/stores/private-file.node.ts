import fs from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { OAuthError } from '../errors.ts'
import { ifPossible, unless } from './fs-failure.node.ts'

/** More than anyone's tokens; less than what would hurt to read. */
const largest = 16 * 1024 * 1024

/** Windows has none. */
const nonBlocking = fs.constants.O_NONBLOCK ?? 0

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
  // Opening a device can do something; the flag is for a pipe put there since.
  const before = known || statIfPresent(target)
  if (typeof before === 'object') checkFile(before, target)
  const descriptor = before && unless('ENOENT', () => fs.openSync(target, fs.constants.O_RDONLY | nonBlocking))
  if (descriptor === undefined) return undefined
  try {
    const stats = fs.fstatSync(descriptor)
    checkFile(stats, target)
    if (stats.size > largest) {
      throw new OAuthError('store_corrupt', { where: target, reason: `it is larger than ${largest} bytes` })
    }
    return fs.readFileSync(descriptor)
  } finally {
    fs.closeSync(descriptor)
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
    fs.closeSync(fs.openSync(target, fs.constants.O_WRONLY | nonBlocking))
  }
  const temporary = `${target}.${crypto.randomUUID().replaceAll('-', '').slice(16)}.tmp`
  const descriptor = fs.openSync(temporary, 'wx', 0o600)
  try {
    try {
      fs.writeFileSync(descriptor, text)
      keepOwner(descriptor, before)
      await flushed(descriptor)
    } finally {
      fs.closeSync(descriptor)
    }
    if (!(await allowed())) {
      fs.unlinkSync(temporary)
      return false
    }
    fs.renameSync(temporary, target)
  } catch (error) {
    ifPossible(() => fs.unlinkSync(temporary))
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
  for (const name of fs.readdirSync(directory)) {
    if (name.startsWith(prefix) && /^[0-9a-f]{16}\.tmp$/.test(name.slice(prefix.length))) {
      ifPossible(() => fs.unlinkSync(join(directory, name)))
    }
  }
}

function statIfPresent(target: string): fs.Stats | undefined {
  return unless('ENOENT', () => fs.statSync(target))
}

function checkFile(stats: fs.Stats, where: string): void {
  if (!stats.isFile()) throw new OAuthError('store_denied', { where, reason: 'it is not a regular file' })
  const owner = stats.uid
  if (owner === 0) return
  const user = effectiveUser()
  if (user !== undefined && user !== 0 && owner !== user) {
    throw new OAuthError('store_denied', { where, reason: 'it belongs to another user' })
  }
}

/** Windows has none, and Deno may not tell. */
function effectiveUser(): number | undefined {
  return ifPossible(() => process.geteuid?.())
}

/** So that an administrator's `sudo` does not lock the person out of their own file. */
function keepOwner(descriptor: number, before: fs.Stats | undefined): void {
  if (before === undefined || effectiveUser() !== 0 || before.uid === 0) return
  fs.fchownSync(descriptor, before.uid, before.gid)
}

/** Makes the rename itself durable. Some file systems cannot; the rename is atomic all the same. */
async function syncDirectory(directory: string): Promise<void> {
  try {
    const descriptor = fs.openSync(directory, 'r')
    await flushed(descriptor).finally(() => fs.closeSync(descriptor))
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
