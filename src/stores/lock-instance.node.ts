import fs from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { OAuthError } from '../errors.ts'
import { errnoOf, ifPossible, unless } from './fs-failure.node.ts'
import { type LockOwner, lockOwnerText, parseLockOwner } from './lock-owner.node.ts'

/**
 * How our lock directories look from their first instant on, so that one whose maker died before
 * naming itself is told from another program's. Others make theirs writable.
 */
export const lockMode = 0o500

/** How they look once somebody waits, so that their holder gives way. */
export const awaitedMode = 0o100

/** One lock directory, as opposed to the next one with the same name. */
export interface LockInstance {
  readonly path: string
  readonly id: string
  /** When its holder last gave a sign of life, by the holder's clock. */
  readonly beatAt: number
  /** See `lockMode`. */
  readonly mode: number
}

/** The last of those who claimed an instance, one after the other: its owner. */
export interface LockClaim {
  readonly index: number
  readonly owner?: LockOwner
}

/** Looks at the lock directory; `undefined` when there is none. */
export function lockInstance(path: string): LockInstance | undefined {
  const stats = fs.lstatSync(path, { bigint: true, throwIfNoEntry: false })
  if (stats === undefined) return undefined
  if (!stats.isDirectory()) throw new OAuthError('store_denied', { where: path, reason: 'the lock is not a directory' })
  return {
    path,
    // Milliseconds: all that some runtimes tell of a birth.
    id: `${stats.ino.toString(36)}-${stats.birthtimeMs.toString(36)}`,
    beatAt: Number(stats.mtimeMs),
    mode: Number(stats.mode) & 0o777,
  }
}

/** Lets the holder of a claimed instance see that somebody waits. Should it be another's by now, that does no harm. */
export function markAwaited({ path }: LockInstance): void {
  ifPossible(() => fs.chmodSync(path, awaitedMode))
}

/**
 * Claims an instance as its owner number `index`. Of all who try, in all processes, one succeeds.
 *
 * A symbolic link to nowhere, since it is made with its content in one indivisible step; and beside
 * the lock, not in it, since other programs cannot remove a lock directory that holds something.
 */
export function claimLock(instance: LockInstance, index: number, owner: LockOwner): boolean {
  const text = lockOwnerText(owner)
  const path = claimPath(instance, index)
  try {
    fs.symlinkSync(text, path)
    return true
  } catch (error) {
    return errnoOf(error) !== 'EEXIST' && writeClaim(path, text)
  }
}

/** Where there are no symbolic links. On a full disk no claim may stay that names nobody. */
function writeClaim(path: string, text: string): boolean {
  const descriptor = unless('EEXIST', () => fs.openSync(path, 'wx', 0o600))
  if (descriptor === undefined) return false
  try {
    fs.writeFileSync(descriptor, text)
    return true
  } catch (error) {
    fs.unlinkSync(path)
    throw error
  } finally {
    fs.closeSync(descriptor)
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
    ifPossible(() => fs.unlinkSync(claimPath(instance, index)))
  }
}

/** Removes what is left of all other instances of this lock. Only for its holder. */
export function removeOtherInstances(instance: LockInstance): void {
  const directory = dirname(instance.path)
  const prefix = `${basename(instance.path)}.`
  for (const name of fs.readdirSync(directory)) {
    const [, id, rest] = (name.startsWith(prefix) && /^([^.]+)\.(gone|\d+)$/.exec(name.slice(prefix.length))) || []
    if (id === undefined || id === instance.id) continue
    const path = join(directory, name)
    ifPossible(() => (rest === 'gone' ? fs.rmdirSync(path) : fs.unlinkSync(path)))
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
  if (fs.lstatSync(path, { throwIfNoEntry: false }) === undefined) return undefined
  const text = unless('ENOENT EINVAL', () => fs.readlinkSync(path))
  return text ?? ifPossible(() => fs.readFileSync(path, 'utf8'))
}
