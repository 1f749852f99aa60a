import fs from 'node:fs'
import { ifPossible, unless } from './fs-failure.node.ts'
import {
  awaitedMode,
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

/** A lock that is held. */
export interface DirectoryLock {
  /** Somebody may have died at work: the holder before did, or this process never held the lock and cannot know. */
  readonly inherited: boolean
  /** Asks the disk: a holder that slept too long may have lost it. */
  stillHeld(): boolean
  /** Never throws, and never takes away a lock that is not ours any more. */
  release(): void
}

/** How often the holder gives a sign of life. Some versions of Pi take a lock for dead after 10 s. */
const heartbeat = 2_000
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

/** Before the second look, in milliseconds: at a lock that we alone wait for, and one that others wait for too. */
const [alone, inLine] = [2, 8]

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
  const seen: Observation = { sight: '', since: performance.now(), pause: alone, holder: undefined }
  for (let attempt = 0; ; attempt += 1) {
    // To make a directory that is there costs ten times as much as a look.
    const found = attempt > 0 && lockInstance(path) !== undefined
    const lock = (found ? undefined : create(path, owner)) ?? (await takeOver(path, owner, seen))
    if (lock !== undefined) return lock
    await nextTurn(seen.pause, wait, seen.holder)
  }
}

function create(path: string, owner: LockOwner): DirectoryLock | undefined {
  if (unless('EEXIST', () => fs.mkdirSync(path, { mode: lockMode }) ?? true) === undefined) return undefined
  const instance = lockInstance(path)
  if (instance === undefined) return undefined
  try {
    return claimLock(instance, 0, owner) ? hold(instance, 0, owner) : undefined
  } catch (error) {
    ifPossible(() => fs.rmdirSync(path))
    throw error
  }
}

async function takeOver(path: string, owner: LockOwner, seen: Observation): Promise<DirectoryLock | undefined> {
  const instance = lockInstance(path)
  if (instance === undefined) return undefined
  const last = lastClaim(instance)
  observe(seen, instance, last)
  if (!isAbandoned(instance, last, performance.now() - seen.since)) {
    if (last !== undefined && instance.mode === lockMode) markAwaited(instance)
    return undefined
  }
  const index = (last?.index ?? -1) + 1
  if (!claimLock(instance, index, owner)) return undefined
  if (isLock(instance)) {
    touch(path)
    if (Date.now() - instance.beatAt > contested) await settled()
  }
  return hold(instance, index, owner)
}

function observe(seen: Observation, instance: LockInstance, last: LockClaim | undefined): void {
  const sight = `${instance.id} ${instance.beatAt} ${last?.index} ${last?.owner?.pid}`
  if (seen.sight === '') seen.pause = instance.mode === awaitedMode ? inLine : alone
  // Who sees the lock go from hand to hand looks more often each time, so that nobody waits long; who sees it stay, seldom.
  else seen.pause = sight === seen.sight ? Math.min(longestPause, seen.pause * 1.5) : Math.max(1, seen.pause * 0.6)
  if (sight !== seen.sight) seen.since = performance.now()
  seen.sight = sight
  seen.holder = last?.owner === undefined ? 'another program' : `process ${last.owner.pid} on ${last.owner.host}`
}

/** @param unchanged For how long, by our own watch, nothing has moved: a wall clock may jump. */
function isAbandoned(instance: LockInstance, last: LockClaim | undefined, unchanged: number): boolean {
  if (last?.owner !== undefined && isGone(last.owner)) return true
  if (last === undefined && instance.mode === lockMode && unchanged > unclaimed) return true
  const age = Date.now() - instance.beatAt
  if (age < -stale) return unchanged > foreignHeartbeat
  return age > stale && (last === undefined || unchanged > patience)
}

/** Verifies what was claimed, and keeps it alive. */
function hold(instance: LockInstance, index: number, owner: LockOwner): DirectoryLock | undefined {
  const { path } = instance
  const stillHeld = (): boolean => isLock(instance) && lastClaim(instance, index + 1) === undefined
  if (!stillHeld()) {
    if (!isLock(instance)) removeClaims(instance, index)
    return undefined
  }
  const inherited = index > 0 || !known.has(path)
  if (inherited) ifPossible(() => removeOtherInstances(instance))
  known.add(path)
  const began = performance.now()
  const silence = signsOfLife(path, stillHeld)
  return {
    inherited,
    stillHeld,
    release: () => {
      const quiet = silence()
      const awaited = ifPossible(() => letGo(instance, index, quiet < 2 * heartbeat ? undefined : owner))
      if (awaited) givesWay.set(path, performance.now() + courtesy(performance.now() - began))
    },
  }
}

/**
 * Gives signs of life until the lock is lost, or until it is asked for how long there may have been none,
 * which ends it. Keeps no process alive.
 */
function signsOfLife(path: string, stillHeld: () => boolean): () => number {
  let [steady, wall] = [performance.now(), Date.now()]
  const beat = (): void => {
    if (!stillHeld()) return clearInterval(timer)
    const now = [performance.now(), Date.now()] as const
    touch(path)
    ;[steady, wall] = now
  }
  const timer = setInterval(() => ifPossible(beat), heartbeat)
  timer.unref()
  return () => {
    clearInterval(timer)
    // One of the clocks stands still while the machine sleeps; the other one can be set.
    return Math.max(performance.now() - steady, Math.abs(Date.now() - wall))
  }
}

/**
 * Nobody takes over what has just given a sign of life. But a holder who was silent for long may be taken
 * for dead at this very moment: to say "I am going" is to make the last claim, and whoever wins it may take
 * the directory away, and no one else.
 *
 * @param silent The owner, if it must be said.
 * @returns Whether somebody waited.
 */
function letGo(instance: LockInstance, index: number, silent: LockOwner | undefined): boolean {
  // On a full disk nothing can be said any more.
  const said = silent && ifPossible(() => claimLock(instance, index + 1, silent))
  const last = said === undefined ? index : index + 1
  if (said === false || lastClaim(instance, last + 1) !== undefined) return false
  const found = lockInstance(instance.path)
  const moved = found?.id === instance.id
  if (moved) fs.renameSync(instance.path, gonePath(instance))
  removeClaims(instance, last)
  if (moved) fs.rmdirSync(gonePath(instance))
  return found?.mode === awaitedMode
}

/** Whether the directory that is the lock now is this one. */
function isLock(instance: LockInstance): boolean {
  return lockInstance(instance.path)?.id === instance.id
}

function touch(path: string): void {
  const now = new Date()
  fs.utimesSync(path, now, now)
}
