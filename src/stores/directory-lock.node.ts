import { mkdirSync, renameSync, rmdirSync } from 'node:fs'
import { rmdir, utimes } from 'node:fs/promises'
import { errnoOf } from './fs-failure.node.ts'
import {
  claimLock,
  gonePath,
  lastClaim,
  type LockClaim,
  type LockInstance,
  lockInstance,
  lockMode,
  removeClaims,
  removeOtherInstances,
} from './lock-instance.node.ts'
import { isGone, type LockOwner, newLockOwner } from './lock-owner.node.ts'
import { type LockWait, nextTurn, settled } from './lock-wait.node.ts'

/** A lock that is held. */
export interface DirectoryLock {
  /** Somebody may have died at work: the holder before did, or this process never held the lock and cannot know. */
  readonly inherited: boolean
  /** Asks the disk: a holder that slept too long may have lost it. */
  stillHeld(): Promise<boolean>
  /** Never rejects, and never takes away a lock that is not ours any more. */
  release(): Promise<void>
}

/** How often the holder gives a sign of life. Some versions of Pi take a lock for dead after 10 s. */
const heartbeat = 2_000
/** A lock without a sign of life for so long is dead, says Pi. */
const stale = 30_000
/** Between making the directory and claiming it lie two system calls. */
const unclaimed = 1_000
/** Pi gives a sign of life every 15 s. */
const foreignHeartbeat = 16_000
/** From this age on another program may be taking the same lock over, between a look and a deed. */
const contested = 9_000

/** What a waiter has seen, and since when nothing of it has changed. */
interface Observation {
  sight: string
  since: number
  holder: string | undefined
}

/**
 * Takes the lock that npm `proper-lockfile` 4 takes: an empty directory, whose modification time is
 * the sign of life. Excludes that and is excluded by it, as far as its own take-over of dead locks allows.
 *
 * Among ourselves the owner is who claimed the directory last, see `claimLock`. A dead owner is
 * replaced at once, in place, by exactly one of those who wait: the directory is never removed and
 * made again, so nobody can remove one that was just made.
 *
 * @throws OAuthError `lock_timeout`, `aborted`, `store_denied`; or what the file system threw.
 */
export async function lockDirectory(path: string, wait: LockWait): Promise<DirectoryLock> {
  const owner = await newLockOwner()
  const seen: Observation = { sight: '', since: performance.now(), holder: undefined }
  for (let attempt = 0; ; attempt += 1) {
    const lock = (await create(path, owner)) ?? (await takeOver(path, owner, seen))
    if (lock !== undefined) return lock
    await nextTurn(attempt, wait, seen.holder)
  }
}

async function create(path: string, owner: LockOwner): Promise<DirectoryLock | undefined> {
  try {
    mkdirSync(path, { mode: lockMode })
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return undefined
    throw error
  }
  const instance = await lockInstance(path)
  if (instance === undefined) return undefined
  try {
    return (await claimLock(instance, 0, owner)) ? await hold(instance, 0, owner) : undefined
  } catch (error) {
    await rmdir(path).catch(() => undefined)
    throw error
  }
}

async function takeOver(path: string, owner: LockOwner, seen: Observation): Promise<DirectoryLock | undefined> {
  const instance = await lockInstance(path)
  if (instance === undefined) return undefined
  const last = await lastClaim(instance)
  observe(seen, instance, last)
  if (!(await isAbandoned(instance, last, performance.now() - seen.since))) return undefined
  const index = (last?.index ?? -1) + 1
  if (!(await claimLock(instance, index, owner))) return undefined
  if (await isLock(instance)) {
    await touch(path)
    if (Date.now() - instance.beatAt > contested) await settled()
  }
  return hold(instance, index, owner)
}

function observe(seen: Observation, instance: LockInstance, last: LockClaim | undefined): void {
  const sight = `${instance.id} ${instance.beatAt} ${last?.index} ${last?.owner?.nonce}`
  if (sight !== seen.sight) seen.since = performance.now()
  seen.sight = sight
  seen.holder = last?.owner === undefined ? 'another program' : `process ${last.owner.pid} on ${last.owner.host}`
}

/** @param unchanged For how long, by our own watch, nothing has moved: a wall clock may jump. */
async function isAbandoned(instance: LockInstance, last: LockClaim | undefined, unchanged: number): Promise<boolean> {
  if (last?.owner !== undefined && (await isGone(last.owner))) return true
  if (last === undefined && instance.ours && unchanged > unclaimed) return true
  const age = Date.now() - instance.beatAt
  if (age < -stale) return unchanged > foreignHeartbeat
  return age > stale && (last === undefined || unchanged > 3 * heartbeat)
}

/** Verifies what was claimed, and keeps it alive. */
async function hold(instance: LockInstance, index: number, owner: LockOwner): Promise<DirectoryLock | undefined> {
  const stillHeld = async (): Promise<boolean> =>
    (await isLock(instance)) && (await lastClaim(instance, index + 1)) === undefined
  if (!(await stillHeld())) {
    if (!(await isLock(instance))) await removeClaims(instance, index)
    return undefined
  }
  const inherited = index > 0 || !known.has(instance.path)
  if (inherited) await removeOtherInstances(instance).catch(() => undefined)
  known.add(instance.path)
  const stop = beat(instance.path, stillHeld)
  return {
    inherited,
    stillHeld,
    release: async () => {
      await stop()
      await release(instance, index, owner).catch(() => undefined)
    },
  }
}

/** Locks that this process has held. */
const known = new Set<string>()

/** Gives signs of life until it is stopped or the lock is lost. Keeps no process alive. */
function beat(path: string, stillHeld: () => Promise<boolean>): () => Promise<void> {
  let beating: Promise<unknown> = Promise.resolve()
  const timer = setInterval(() => {
    beating = stillHeld()
      .then((held) => (held ? touch(path) : clearInterval(timer)))
      .catch(() => undefined)
  }, heartbeat)
  timer.unref()
  return async () => {
    clearInterval(timer)
    await beating
  }
}

/** To say "I am going" is the last claim: whoever wins it may take the directory away, and no one else. */
async function release(instance: LockInstance, index: number, owner: LockOwner): Promise<void> {
  // On a full disk nothing can be said any more. Nobody else claims what shows signs of life, so we go without a word.
  const said = await claimLock(instance, index + 1, { ...owner, releasing: true }).catch(() => undefined)
  if (said === false || (await lastClaim(instance, index + (said === undefined ? 1 : 2))) !== undefined) return
  const moved = await isLock(instance)
  if (moved) renameSync(instance.path, gonePath(instance))
  await removeClaims(instance, index + 1)
  if (moved) rmdirSync(gonePath(instance))
}

/** Whether the directory that is the lock now is this one. */
async function isLock(instance: LockInstance): Promise<boolean> {
  return (await lockInstance(instance.path))?.id === instance.id
}

async function touch(path: string): Promise<void> {
  const now = new Date()
  await utimes(path, now, now)
}
