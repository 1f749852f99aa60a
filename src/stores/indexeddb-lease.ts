import type { LockOptions } from '../contracts.ts'
import { OAuthError } from '../errors.ts'
import type { Database } from './indexeddb-database.ts'

interface Lease {
  readonly owner: string
  readonly endsAt: number
}

/**
 * How long a lease outlives its holder's last sign of life, in milliseconds: longer than a hidden tab's
 * timers are held back, far shorter than anybody waits for a lock.
 */
const length = 10_000

/** Between two looks, in milliseconds: quick at first; then cheap. */
const firstPause = 10
const longestPause = 200

/**
 * Runs `task` under a lease in the database, for browsers without Web Locks. A tab that is frozen or closed
 * loses it; who had it and wakes up is kept from harm by the compare-and-swap of each update.
 *
 * Errors: `lock_timeout`, `aborted`, those of the database; what the task throws.
 */
export async function withLease<T>(
  database: Database,
  slot: string,
  task: () => Promise<T>,
  options: LockOptions,
): Promise<T> {
  const place: Place = {
    database,
    key: ['lease', slot],
    owner: crypto.getRandomValues(new Uint32Array(4)).join(),
  }
  await acquire(place, options)
  const beat = setInterval(() => void extend(place).catch(() => undefined), length / 3)
  try {
    return await task()
  } finally {
    clearInterval(beat)
    await release(place).catch(() => undefined)
  }
}

interface Place {
  readonly database: Database
  readonly key: IDBValidKey
  readonly owner: string
}

async function acquire(place: Place, { timeout, signal }: LockOptions): Promise<void> {
  const until = performance.now() + timeout
  for (let pause = firstPause; !(await extend(place)); pause = Math.min(pause * 1.5, longestPause)) {
    const left = until - performance.now()
    if (left <= 0) throw new OAuthError('lock_timeout', { after: timeout })
    await sleep(Math.min(pause * (0.5 + Math.random()), left), signal)
    if (signal?.aborted === true) throw new OAuthError('aborted', {})
  }
}

/** Takes the lease or makes it last longer. Says whether it is ours. */
async function extend({ database, key, owner }: Place): Promise<boolean> {
  let ours = false
  await database.change(key, (value) => {
    const lease = value as Lease | undefined
    const now = Date.now()
    // A clock that was set back must not make a lease of seconds one of hours.
    ours = lease === undefined || lease.owner === owner || lease.endsAt <= now || lease.endsAt > now + 2 * length
    return ours ? { owner, endsAt: now + length } : value
  })
  return ours
}

async function release({ database, key, owner }: Place): Promise<void> {
  await database.change(key, (value) => ((value as Lease | undefined)?.owner === owner ? undefined : value))
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal?.addEventListener('abort', end)
  })
}
