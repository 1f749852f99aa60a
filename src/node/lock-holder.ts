import { lastClaim, lockInstance } from '../stores/lock-instance.node.ts'
import { isGone } from '../stores/lock-owner.node.ts'
import { resolveTarget } from '../stores/resolve-target.node.ts'

/** Who has the lock of a file. */
export interface LockHolder {
  /** The lock itself, a directory. */
  readonly path: string
  /** For people: a process and its machine, or that it is another program. */
  readonly name: string
  /** Whether the holder is certainly dead, or has given no sign of life for half a minute. */
  readonly gone: boolean
}

/** Without a sign of life for so long a lock counts as left behind. */
const stale = 30_000

/** Looks who has the lock of the file at `path`; `undefined` where nobody has. Changes nothing. */
export async function lockHolder(path: string): Promise<LockHolder | undefined> {
  const instance = await lockInstance(`${await resolveTarget(path)}.lock`)
  if (instance === undefined) return undefined
  const { owner } = (await lastClaim(instance)) ?? {}
  const silent = Date.now() - instance.beatAt > stale
  return {
    path: instance.path,
    name: owner === undefined ? 'another program' : `process ${owner.pid} on ${owner.host}`,
    gone: silent || (owner !== undefined && (await isGone(owner))),
  }
}
