import { randomBytes } from 'node:crypto'
import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { type FileHandle, open, readdir, rename, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import process from 'node:process'
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
  const descriptor = openIfPresent(target)
  if (descriptor === undefined) return undefined
  try {
    const stats = fstatSync(descriptor, { bigint: true })
    checkFile(stats, target)
    if (stats.size > largest) throw tooLarge(target)
    return readAll(descriptor, Number(stats.size), target)
  } finally {
    closeSync(descriptor)
  }
}

/**
 * Replaces a file: whoever reads it, at any instant, also after a crash, finds the old or the new text
 * complete, and nobody else may read it.
 *
 * @param allowed Asked last, when only the exchange of names is left to do.
 * @returns Whether it was allowed.
 */
export async function replacePrivateFile(
  target: string,
  text: string,
  allowed: () => Promise<boolean>,
): Promise<boolean> {
  const before = statIfPresent(target)
  if (before !== undefined) {
    checkFile(before, target)
    // A rename asks the directory only; a file made read-only was made so for a reason.
    await (await open(target, constants.O_WRONLY | nonBlocking)).close()
  }
  const temporary = `${target}.${randomBytes(8).toString('hex')}.tmp`
  const handle = await open(temporary, 'wx', 0o600)
  try {
    try {
      await handle.writeFile(text)
      await keepOwner(handle, before)
      await handle.sync()
    } finally {
      await handle.close()
    }
    if (!(await allowed())) {
      await unlink(temporary)
      return false
    }
    await rename(temporary, target)
  } catch (error) {
    await unlink(temporary).catch(() => undefined)
    throw error
  }
  await syncDirectory(dirname(target))
  return true
}

/**
 * Removes what writers that died have left behind. Only for the holder of the lock: then no other
 * writer is at work.
 */
export async function removeLeftovers(target: string): Promise<void> {
  const directory = dirname(target)
  const prefix = `${basename(target)}.`
  for (const name of await readdir(directory)) {
    if (name.startsWith(prefix) && /^[0-9a-f]{16}\.tmp$/.test(name.slice(prefix.length))) {
      await unlink(join(directory, name)).catch(() => undefined)
    }
  }
}

function openIfPresent(target: string): number | undefined {
  const before = statIfPresent(target)
  if (before === undefined) return undefined
  // Opening a device can do something; the flag is for a pipe put there since.
  checkFile(before, target)
  try {
    return openSync(target, constants.O_RDONLY | nonBlocking)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}

function statIfPresent(target: string): BigIntStats | undefined {
  try {
    return statSync(target, { bigint: true })
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}

function checkFile(stats: BigIntStats, where: string): void {
  if (!stats.isFile()) throw new OAuthError('store_denied', { where, reason: 'it is not a regular file' })
  const user = effectiveUser()
  const owner = Number(stats.uid)
  if (user !== undefined && user !== 0 && owner !== user && owner !== 0) {
    throw new OAuthError('store_denied', { where, reason: 'it belongs to another user' })
  }
}

/** @param expected The size as last seen; the file may grow meanwhile. */
function readAll(descriptor: number, expected: number, where: string): Uint8Array {
  const chunks: Uint8Array[] = []
  let size = 0
  while (size <= largest) {
    const chunk = new Uint8Array(Math.min(Math.max(expected + 1 - size, 1024), 64 * 1024))
    const count = readSync(descriptor, chunk)
    if (count === 0) return Buffer.concat(chunks)
    chunks.push(chunk.subarray(0, count))
    size += count
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
async function keepOwner(handle: FileHandle, before: BigIntStats | undefined): Promise<void> {
  if (before === undefined || effectiveUser() !== 0 || before.uid === 0n) return
  await handle.chown(Number(before.uid), Number(before.gid))
}

/** Makes the rename itself durable. Some file systems cannot; the rename is atomic all the same. */
async function syncDirectory(directory: string): Promise<void> {
  try {
    const handle = await open(directory, 'r')
    await handle.sync().finally(() => handle.close())
  } catch {
    // Nothing is lost that was there before.
  }
}
