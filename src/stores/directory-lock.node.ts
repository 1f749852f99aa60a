import { mkdirSync, renameSync, rmdirSync, utimesSync } from 'node:fs'
import { errnoOf } from './fs-failure.node.ts'
import {
  claimLock,
  gonePath,
  lastClaim,
  type LockClaim,
  type LockInstance,
  lockInstance,
  lockMode,
  markAwaited,
  removeClaims,
  removeOtherInstances,
} from './lock-instance.node.ts'
import { isGone, type LockOwner, newLockOwner } from './lock-owner.node.ts'
import { courtesy, longestPause, type LockWait, nextTurn, pauseUntil, settled } from './lock-wait.node.ts'
import { heartbeat, now, signsOfLife, since } from './signs-of-life.node.ts'

/** A lock that is held. */
export interface DirectoryLock {
  /** Somebody may have died at work: the holder before did, or this process never held the lock and cannot know. */
  readonly inherited: boolean
  /** Asks the disk: a holder that slept too long may have lost it. */
  stillHeld(): boolean
  /** Never throws, and never takes away a lock that is not ours any more. */
  release(): void
}

/** A lock without a sign of life for so long is dead, says Pi. */
const stale = 30_000
/** Between making the directory and claiming it lie two system calls. */
const unclaimed = 1_000
/** So long a waiter watches one who seems dead: several signs of life would have come. */
const patience = 3 * heartbeat
/** Pi gives a sign of life every 15 s. */
const foreignHeartbeat = 16_000
/** From this age on another program may be taking the same lock over, between a look and a deed. */
const contested = 9_000

/** A dead owner keeps a lock for longer than this. */
const glance = 20

/** Before the second look, in milliseconds: at a lock that we alone wait for, and one that others wait for too. */
const pauses = { alone: 2, inLine: 8 }

/** What a waiter has seen, and since when nothing of it has changed. */
interface Observation {
  sight: string
  since: number
  /** Before the next look. */
  pause: number
  holder: string | undefined
}

/** Locks that this process has held. */
const known = new Set<string>()

/** When this process may take a lock again that others waited for while it had it. */
const givesWay = new Map<string, number>()

/**
 * Takes the lock that npm `proper-lockfile` 4 takes: an empty directory, whose modification time is
 * the sign of life. Excludes that and is excluded by it, as far as its own take-over of dead locks allows.
 *
 * Among ourselves the owner is who claimed the directory last, see `claimLock`. A dead owner is
 * replaced at once, in place, by exactly one of those who wait: the directory is never removed and
 * made again, so nobody can remove one that was just made.
 *
 * Whoever has let go pauses before the next time, if somebody waited: waiters sleep between their looks,
 * and would seldom find the lock free beside one who takes it again at once.
 *
 * @throws OAuthError `lock_timeout`, `aborted`, `store_denied`; or what the file system threw.
 */
export async function lockDirectory(path: string, wait: LockWait): Promise<DirectoryLock> {
  const free = givesWay.get(path)
  if (free !== undefined) await pauseUntil(free, wait)
  givesWay.delete(path)
  const owner = newLockOwner()
  const seen: Observation = { sight: '', since: performance.now(), pause: pauses.alone, holder: undefined }
  for (let attempt = 0; ; attempt += 1) {
    // To make a directory that is there costs ten times as much as a look.
    const found = attempt > 0 && lockInstance(path) !== undefined
    const lock = (found ? undefined : create(path, owner)) ?? (await takeOver(path, owner, seen))
    if (lock !== undefined) return lock
    await nextTurn(seen.pause, wait, seen.holder)
  }
}

function create(path: string, owner: LockOwner): DirectoryLock | undefined {
  const began = now()
  try {
    mkdirSync(path, { mode: lockMode })
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return undefined
    throw error
  }
  const instance = lockInstance(path)
  if (instance === undefined) return undefined
  try {
    if (!claimLock(instance, 0, owner)) return undefined
    // Nobody takes over what is so young.
    return since(began) < unclaimed ? hold(instance, 0, owner) : verified(instance, 0, owner)
  } catch (error) {
    unlessDenied(() => rmdirSync(path))
    throw error
  }
}

async function takeOver(path: string, owner: LockOwner, seen: Observation): Promise<DirectoryLock | undefined> {
  const instance = lockInstance(path)
  if (instance === undefined) return undefined
  const last = lastClaim(instance)
  const fresh = seen.sight === ''
  observe(seen, instance, last)
  if (!isAbandoned(instance, last, { fresh, unchanged: performance.now() - seen.since })) {
    if (last !== undefined && instance.ours) markAwaited(instance)
    return undefined
  }
  const index = (last?.index ?? -1) + 1
  if (!claimLock(instance, index, owner)) return undefined
  if (isLock(instance)) {
    touch(path)
    if (Date.now() - instance.beatAt > contested) await settled()
  }
  return verified(instance, index, owner)
}

function observe(seen: Observation, instance: LockInstance, last: LockClaim | undefined): void {
  const sight = `${instance.id} ${instance.beatAt} ${last?.index} ${last?.owner?.nonce}`
  seen.pause = nextPause(seen, instance, sight !== seen.sight)
  if (sight !== seen.sight) seen.since = performance.now()
  seen.sight = sight
  seen.holder = last?.owner === undefined ? 'another program' : `process ${last.owner.pid} on ${last.owner.host}`
}

/** Who sees the lock go from hand to hand looks more often each time, so that nobody waits long; who sees it stay, seldom. */
function nextPause({ sight, pause }: Observation, { awaited }: LockInstance, changed: boolean): number {
  if (sight === '') return awaited ? pauses.inLine : pauses.alone
  return changed ? Math.max(1, pause * 0.6) : Math.min(longestPause, pause * 1.5)
}

interface Watch {
  /** The first look. */
  readonly fresh: boolean
  /** For how long, by our own watch, nothing has moved: a wall clock may jump. */
  readonly unchanged: number
}

function isAbandoned(instance: LockInstance, last: LockClaim | undefined, { fresh, unchanged }: Watch): boolean {
  // To ask after a process takes longer than most locks are held.
  if (last?.owner !== undefined && (fresh || unchanged > glance) && isGone(last.owner)) return true
  if (last === undefined && instance.ours && unchanged > unclaimed) return true
  const age = Date.now() - instance.beatAt
  if (age < -stale) return unchanged > foreignHeartbeat
  return age > stale && (last === undefined || unchanged > patience)
}

function verified(instance: LockInstance, index: number, owner: LockOwner): DirectoryLock | undefined {
  if (isHeld(instance, index)) return hold(instance, index, owner)
  if (!isLock(instance)) removeClaims(instance, index)
  return undefined
}

function isHeld(instance: LockInstance, index: number): boolean {
  return isLock(instance) && lastClaim(instance, index + 1) === undefined
}

/** Keeps alive what was claimed. */
function hold(instance: LockInstance, index: number, owner: LockOwner): DirectoryLock {
  const { path } = instance
  const inherited = index > 0 || !known.has(path)
  if (inherited) unlessDenied(() => removeOtherInstances(instance))
  known.add(path)
  const began = performance.now()
  const stillHeld = (): boolean => isHeld(instance, index)
  const life = signsOfLife(() => {
    const held = stillHeld()
    if (held) touch(path)
    return held
  })
  return {
    inherited,
    stillHeld,
    release: () => {
      const silence = life.end()
      unlessDenied(() => {
        const last = silence < 2 * heartbeat ? index : sayGoodbye(instance, index, owner)
        if (last !== undefined && takeAway(instance, last))
          givesWay.set(path, performance.now() + courtesy(performance.now() - began))
      })
    },
  }
}

/**
 * Nobody takes over what has just given a sign of life. But a holder who was silent for long may be taken
 * for dead at this very moment: to say "I am going" is to make the last claim, and whoever wins it may take
 * the directory away, and no one else.
 *
 * @returns The last claim of ours; `undefined` when somebody else was faster.
 */
function sayGoodbye(instance: LockInstance, index: number, owner: LockOwner): number | undefined {
  let last = index
  try {
    if (!claimLock(instance, index + 1, owner)) return undefined
    last += 1
  } catch {
    // On a full disk nothing can be said any more.
  }
  return lastClaim(instance, last + 1) === undefined ? last : undefined
}

/** @returns Whether somebody waited for it. */
function takeAway(instance: LockInstance, last: number): boolean {
  const found = lockInstance(instance.path)
  const moved = found?.id === instance.id
  if (moved) renameSync(instance.path, gonePath(instance))
  removeClaims(instance, last)
  if (moved) rmdirSync(gonePath(instance))
  return found?.awaited === true
}

/** Whether the directory that is the lock now is this one. */
function isLock(instance: LockInstance): boolean {
  return lockInstance(instance.path)?.id === instance.id
}

function touch(path: string): void {
  const now = new Date()
  utimesSync(path, now, now)
}

function unlessDenied(task: () => void): void {
  try {
    task()
  } catch {
    // Whoever waits finds out all the same, only later.
  }
}
