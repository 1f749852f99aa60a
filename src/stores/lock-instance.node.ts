import { lstatSync, readlinkSync, symlinkSync, unlinkSync } from 'node:fs'
import { type FileHandle, open, readdir, readFile, rmdir, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { OAuthError } from '../errors.ts'
import { errnoOf } from './fs-failure.node.ts'
import { type LockOwner, parseLockOwner } from './lock-owner.node.ts'

/**
 * How our lock directories look from their first instant on, so that one whose maker died before
 * naming itself is told from another program's. Others make theirs writable.
 */
export const lockMode = 0o500

/** One lock directory, as opposed to the next one with the same name. */
export interface LockInstance {
  readonly path: string
  readonly id: string
  /** When its holder last gave a sign of life, by the holder's clock. */
  readonly beatAt: number
  /** Made by us, in this process or another. */
  readonly ours: boolean
}

/** The last of those who claimed an instance, one after the other: its owner. */
export interface LockClaim {
  readonly index: number
  readonly owner?: LockOwner
}

/** Looks at the lock directory; `undefined` when there is none. */
export async function lockInstance(path: string): Promise<LockInstance | undefined> {
  try {
    const stats = lstatSync(path, { bigint: true })
    if (!stats.isDirectory())
      throw new OAuthError('store_denied', { where: path, reason: 'the lock is not a directory' })
    return {
      path,
      // Milliseconds: all that some runtimes tell of a birth.
      id: `${stats.ino.toString(36)}-${stats.birthtimeMs.toString(36)}`,
      beatAt: Number(stats.mtimeMs),
      ours: (Number(stats.mode) & 0o777) === lockMode,
    }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/**
 * Claims an instance as its owner number `index`. Of all who try, in all processes, one succeeds.
 *
 * A symbolic link to nowhere, since it is made with its content in one indivisible step; and beside
 * the lock, not in it, since other programs cannot remove a lock directory that holds something.
 */
export async function claimLock(instance: LockInstance, index: number, owner: LockOwner): Promise<boolean> {
  const text = JSON.stringify(owner)
  try {
    symlinkSync(text, claimPath(instance, index))
    return true
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false
  }
  return writeClaim(claimPath(instance, index), text)
}

/** Where there are no symbolic links. On a full disk no claim may stay that names nobody. */
async function writeClaim(path: string, text: string): Promise<boolean> {
  let handle: FileHandle
  try {
    handle = await open(path, 'wx', 0o600)
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false
    throw error
  }
  try {
    await handle.writeFile(text)
    return true
  } catch (error) {
    await unlink(path).catch(() => undefined)
    throw error
  } finally {
    await handle.close()
  }
}

/** Finds an instance's owner; `undefined` when nobody claimed it. */
export async function lastClaim(instance: LockInstance, from = 0): Promise<LockClaim | undefined> {
  let last: LockClaim | undefined
  for (let index = from; ; index += 1) {
    const text = await readClaim(claimPath(instance, index))
    if (text === undefined) return last
    const owner = parseLockOwner(text)
    last = owner === undefined ? { index } : { index, owner }
  }
}

/** Forgets the claims up to `last`. Only once the instance is no longer the lock. */
export async function removeClaims(instance: LockInstance, last: number): Promise<void> {
  for (let index = last; index >= 0; index -= 1) {
    try {
      unlinkSync(claimPath(instance, index))
    } catch {
      // It was not there.
    }
  }
}

/** Removes what is left of all other instances of this lock. Only for its holder. */
export async function removeOtherInstances(instance: LockInstance): Promise<void> {
  const directory = dirname(instance.path)
  const prefix = `${basename(instance.path)}.`
  for (const name of await readdir(directory)) {
    const [id, rest, ...more] = name.startsWith(prefix) ? name.slice(prefix.length).split('.') : []
    if (id === undefined || rest === undefined || id === instance.id || more.length > 0) continue
    if (rest === 'gone') await rmdir(join(directory, name)).catch(() => undefined)
    else if (/^\d+$/.test(rest)) await unlink(join(directory, name)).catch(() => undefined)
  }
}

/** Where a lock directory is moved to be taken away: its claims must not outlive it under its name. */
export function gonePath(instance: LockInstance): string {
  return `${instance.path}.${instance.id}.gone`
}

function claimPath(instance: LockInstance, index: number): string {
  return `${instance.path}.${instance.id}.${index}`
}

async function readClaim(path: string): Promise<string | undefined> {
  try {
    return readlinkSync(path)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    if (errnoOf(error) !== 'EINVAL') throw error
    return readFile(path, 'utf8').catch(() => undefined)
  }
}
