/**
 * Tokens in Redis, for fleets of servers.
 *
 * @module
 */

import type { HeldStore, LockOptions, RecordChange, Store, StoredRecord } from '../contracts.ts'
import { OAuthError } from '../errors.ts'
import { checkLockOptions, lockQueue } from './lock-queue.ts'
import { readRecord, recordText } from './record-text.ts'
import { type RedisClient, type RedisCommand, redisCommand } from './redis-command.ts'
import { holdLease, type Lease } from './redis-lease.ts'

export type { IORedisClient, NodeRedisClient, RedisClient, RedisEval } from './redis-command.ts'

/** Under which names, and how patient. */
export interface RedisStoreOptions {
  /**
   * How all names in Redis begin. Two stores with one prefix are one store.
   *
   * @default 'latchkey'
   */
  readonly prefix?: string
  /**
   * For how long a lock outlives its holder's last sign of life, in milliseconds. Longer than any pause
   * of a healthy process; a crash keeps others waiting for as long.
   *
   * @default 30_000
   */
  readonly lease?: number
  /**
   * How long one command may take, in milliseconds.
   *
   * @default 10_000
   */
  readonly timeout?: number
}

/** How long an update that others keep overtaking goes on trying, in milliseconds. */
const patience = 30_000

/**
 * Keeps records in Redis (2.6.12 or later), for servers that share their accounts.
 *
 * `client` is node-redis, ioredis, a cluster of either, or for anything else a function that runs `EVAL`.
 * It stays the caller's to connect and to close. Nothing but `EVAL` is used: `{<prefix>}` names one hash
 * with all records, `{<prefix>}:lock:…` the locks. All lie in one slot of a cluster.
 *
 * An update is an indivisible compare-and-swap; its change may be asked several times. A lock is a lease that
 * is renewed while the task runs. Who lost it, by a pause longer than `lease` or by a failover, is told
 * so by the next `held.update`, which then writes nothing.
 *
 * Tokens lie there in clear, and whoever may run commands reads them: see `encryptedStore`. What Redis
 * forgets is lost: let it write to disk (`appendonly`), and never evict (`noeviction`).
 *
 * Errors: `store_denied` (`NOAUTH`, `WRONGPASS`, `NOPERM`), `store_corrupt` (what lies there is no record),
 * `persist_failed` (the connection failed, Redis refused, the lease was lost), `timeout` (no answer:
 * the write may have happened), `lock_timeout`, `aborted`.
 *
 * @example
 * ```ts
 * import { Redis } from 'ioredis'
 *
 * const client = createClient({ provider, store: redisStore(new Redis()), account: userId })
 * ```
 *
 * @see {@link https://redis.io/docs/latest/develop/clients/patterns/distributed-locks/ Distributed locks with Redis}
 */
export function redisStore(client: RedisClient, options: RedisStoreOptions = {}): Store {
  const { prefix = 'latchkey', lease = 30_000, timeout = 10_000 } = options
  if (/^$|[{}]/.test(prefix)) throw new TypeError('prefix must be some text without { and }')
  // Redis takes whole numbers only, and timers no longer ones.
  if (!(lease >= 100 && lease < 2 ** 31 && timeout > 0)) {
    throw new TypeError('lease and timeout must be numbers of milliseconds')
  }
  const redis: Redis = { run: redisCommand(client, timeout), records: `{${prefix}}` }

  async function lock<T>(slot: string, task: (held: HeldStore) => Promise<T>, wait: LockOptions): Promise<T> {
    checkLockOptions(wait)
    const place = { name: `${redis.records}:lock:${slot}`, length: Math.round(lease) }
    const own = await holdLease(redis.run, place, wait)
    try {
      return await task(handle(redis, own))
    } finally {
      await own.release()
    }
  }

  return {
    ...handle(redis),
    consistency: 'atomic',
    keys: async () => names(await redis.run(keysScript, [redis.records], [])),
    lock,
  }
}

interface Redis {
  readonly run: RedisCommand
  /** The hash of all records. In braces, which send all names with them to one slot of a cluster. */
  readonly records: string
}

/** Reads and writes, under `lease` if there is one. */
function handle(redis: Redis, lease?: Lease): HeldStore {
  // Our own updates wait for each other, so that they need not overtake each other.
  const updates = lockQueue()
  return {
    get: async (slot) => understood(slot, await read(redis, slot)),
    update: (slot, change) => updates(slot, () => update(redis, { slot, change }, lease), { timeout: patience }),
  }
}

interface Update {
  readonly slot: string
  readonly change: RecordChange
}

async function update(redis: Redis, { slot, change }: Update, lease?: Lease): Promise<StoredRecord | undefined> {
  const until = performance.now() + patience
  do {
    const before = await read(redis, slot)
    const current = understood(slot, before)
    const next = change(current)
    if (next === current) return current
    const after = next === undefined ? '' : recordText(next)
    const places = [redis.records, ...(lease === undefined ? [] : [lease.name])]
    const outcome = String(await redis.run(swapScript, places, [slot, before, after, lease?.token ?? '']))
    if (outcome === 'lost') throw new OAuthError('persist_failed', { where: 'Redis', reason: 'the lock was lost' })
    if (outcome === 'swapped') return understood(slot, after)
  } while (performance.now() < until)
  throw new OAuthError('persist_failed', { where: 'Redis', reason: 'others kept changing the record' })
}

/** The text that is stored, empty where there is none. */
async function read({ run, records }: Redis, slot: string): Promise<string> {
  return String((await run(readScript, [records], [slot])) ?? '')
}

function names(reply: unknown): string[] {
  return Array.isArray(reply) ? reply.map(String) : []
}

function understood(slot: string, text: string): StoredRecord | undefined {
  if (text === '') return undefined
  const record = readRecord(text)
  if (record !== undefined) return record
  throw new OAuthError('store_corrupt', {
    where: `The entry ${JSON.stringify(slot)} in Redis`,
    reason: 'it is no record',
  })
}

const keysScript = `return redis.call('HKEYS', KEYS[1])`

const readScript = `return redis.call('HGET', KEYS[1], ARGV[1])`

/** Writes only where the text that was read still stands, and only while the lease is ours. */
const swapScript = `
if KEYS[2] and redis.call('GET', KEYS[2]) ~= ARGV[4] then return 'lost' end
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 'changed' end
if ARGV[3] == '' then redis.call('HDEL', KEYS[1], ARGV[1])
else redis.call('HSET', KEYS[1], ARGV[1], ARGV[3]) end
return 'swapped'`
