import {
  chmodSync,
  closeSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { OAuthError } from '../errors.ts'
import { errnoOf } from './fs-failure.node.ts'
import { type LockOwner, lockOwnerText, parseLockOwner } from './lock-owner.node.ts'

/**
 * How our lock directories look from their first instant on, so that one whose maker died before
 * naming itself is told from another program's. Others make theirs writable.
 */
export const lockMode = 0o500

/** How they look once somebody waits, so that their holder gives way. */
const awaitedMode = 0o100

/** One lock directory, as opposed to the next one with the same name. */
export interface LockInstance {
  readonly path: string
  readonly id: string
  /** When its holder last gave a sign of life, by the holder's clock. */
  readonly beatAt: number
  /** Made by us, in this process or another. */
  readonly ours: boolean
  /** One of us waits for it. */
  readonly awaited: boolean
}

/** The last of those who claimed an instance, one after the other: its owner. */
export interface LockClaim {
  readonly index: number
  readonly owner?: LockOwner
}

/** Looks at the lock directory; `undefined` when there is none. */
export function lockInstance(path: string): LockInstance | undefined {
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false })
  if (stats === undefined) return undefined
  if (!stats.isDirectory()) throw new OAuthError('store_denied', { where: path, reason: 'the lock is not a directory' })
  const mode = Number(stats.mode) & 0o777
  return {
    path,
    // Milliseconds: all that some runtimes tell of a birth.
    id: `${stats.ino.toString(36)}-${stats.birthtimeMs.toString(36)}`,
    beatAt: Number(stats.mtimeMs),
    ours: mode === lockMode,
    awaited: mode === awaitedMode,
  }
}

/** Lets the holder of a claimed instance see that somebody waits. Should it be another's by now, that does no harm. */
export function markAwaited({ path }: LockInstance): void {
  try {
    chmodSync(path, awaitedMode)
  } catch {
    // It is gone, or another user's.
  }
}

/**
 * Claims an instance as its owner number `index`. Of all who try, in all processes, one succeeds.
 *
 * A symbolic link to nowhere, since it is made with its content in one indivisible step; and beside
 * the lock, not in it, since other programs cannot remove a lock directory that holds something.
 */
export function claimLock(instance: LockInstance, index: number, owner: LockOwner): boolean {
  const text = lockOwnerText(owner)
  try {
    symlinkSync(text, claimPath(instance, index))
    return true
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false
  }
  return writeClaim(claimPath(instance, index), text)
}

/** Where there are no symbolic links. On a full disk no claim may stay that names nobody. */
function writeClaim(path: string, text: string): boolean {
  let descriptor: number
  try {
    descriptor = openSync(path, 'wx', 0o600)
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false
    throw error
  }
  try {
    writeFileSync(descriptor, text)
    return true
  } catch (error) {
    unlinkSync(path)
    throw error
  } finally {
    closeSync(descriptor)
  }
}

/** Finds an instance's owner; `undefined` when nobody claimed it. */
export function lastClaim(instance: LockInstance, from = 0): LockClaim | undefined {
  let last: LockClaim | undefined
  for (let index = from; ; index += 1) {
    const text = readClaim(claimPath(instance, index))
    if (text === undefined) return last
    const owner = parseLockOwner(text)
    last = owner === undefined ? { index } : { index, owner }
  }
}

/** Forgets the claims up to `last`. Only once the instance is no longer the lock. */
export function removeClaims(instance: LockInstance, last: number): void {
  for (let index = last; index >= 0; index -= 1) {
    removed(unlinkSync, claimPath(instance, index))
  }
}

/** Removes what is left of all other instances of this lock. Only for its holder. */
export function removeOtherInstances(instance: LockInstance): void {
  const directory = dirname(instance.path)
  const prefix = `${basename(instance.path)}.`
  for (const name of readdirSync(directory)) {
    const [id, rest, ...more] = name.startsWith(prefix) ? name.slice(prefix.length).split('.') : []
    if (id === undefined || rest === undefined || id === instance.id || more.length > 0) continue
    if (rest === 'gone') removed(rmdirSync, join(directory, name))
    else if (/^\d+$/.test(rest)) removed(unlinkSync, join(directory, name))
  }
}

/** Where a lock directory is moved to be taken away: its claims must not outlive it under its name. */
export function gonePath(instance: LockInstance): string {
  return `${instance.path}.${instance.id}.gone`
}

function claimPath(instance: LockInstance, index: number): string {
  return `${instance.path}.${instance.id}.${index}`
}

function readClaim(path: string): string | undefined {
  // An error costs ten times as much as a look, and mostly there is none.
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return undefined
  try {
    return readlinkSync(path)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    if (errnoOf(error) !== 'EINVAL') throw error
  }
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** Others may have been faster. */
function removed(remove: (path: string) => void, path: string): void {
  try {
    remove(path)
  } catch {
    // It was not there.
  }
}
