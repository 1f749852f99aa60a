import { randomUUID } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { OAuthError } from 'latchkey'
import type { HeldStore, LockOptions, RecordChange, Store, StoredRecord } from 'latchkey'

/** A lock outlives its holder's last sign of life by so long, in milliseconds. */
const lease = 30_000

/**
 * Keeps records in an SQLite database, which several processes may use at once.
 *
 * Two things make a store: `update` is one transaction, so that nobody writes between its look and its
 * write; and `lock` is a row that one of all who try can insert, and that ends by itself if they die.
 */
export function sqliteStore(path: string): Store {
  const database = new DatabaseSync(path)
  database.exec(`
    PRAGMA busy_timeout = 10000;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS records (key TEXT PRIMARY KEY, record TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS locks (key TEXT PRIMARY KEY, owner TEXT NOT NULL, until INTEGER NOT NULL);
  `)
  const held: HeldStore = {
    get: async (key) => read(database, key),
    update: async (key, change) => update(database, key, change),
  }
  return {
    ...held,
    consistency: 'atomic',
    keys: async () =>
      database
        .prepare('SELECT key FROM records')
        .all()
        .map(({ key }) => JSON.parse(String(key)) as string),
    async lock(key, task, options) {
      const release = await acquire(database, key, options)
      try {
        return await task(held)
      } finally {
        release()
      }
    },
  }
}

/** Keys may hold any character, which not every database takes: their JSON is plain. */
function name(key: string): string {
  return JSON.stringify(key)
}

function read(database: DatabaseSync, key: string): StoredRecord | undefined {
  const row = database.prepare('SELECT record FROM records WHERE key = ?').get(name(key))
  return row === undefined ? undefined : (JSON.parse(String(row['record'])) as StoredRecord)
}

function update(database: DatabaseSync, key: string, change: RecordChange): StoredRecord | undefined {
  database.exec('BEGIN IMMEDIATE')
  try {
    const current = read(database, key)
    const next = change(current)
    if (next === undefined) database.prepare('DELETE FROM records WHERE key = ?').run(name(key))
    else if (next !== current) {
      database.prepare('INSERT OR REPLACE INTO records VALUES (?, ?)').run(name(key), JSON.stringify(next))
    }
    const stored = read(database, key)
    database.exec('COMMIT')
    return stored
  } catch (error) {
    database.exec('ROLLBACK')
    throw error
  }
}

async function acquire(database: DatabaseSync, key: string, { timeout, signal }: LockOptions): Promise<() => void> {
  if (!(timeout >= 0)) throw new TypeError('timeout must be a number of milliseconds')
  const [owner, until] = [randomUUID(), performance.now() + timeout]
  const take = database.prepare(`
    INSERT INTO locks VALUES (?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, until = excluded.until WHERE until < ?`)
  for (;;) {
    if (signal?.aborted === true) throw new OAuthError('aborted', {})
    if (take.run(name(key), owner, Date.now() + lease, Date.now()).changes === 1) break
    if (performance.now() >= until) throw new OAuthError('lock_timeout', { after: timeout })
    await sleep(10 + Math.random() * 20)
  }
  const renew = database.prepare('UPDATE locks SET until = ? WHERE key = ? AND owner = ?')
  // A timer must not keep the process alive.
  const heartbeat = setInterval(() => renew.run(Date.now() + lease, name(key), owner), lease / 3).unref()
  return () => {
    clearInterval(heartbeat)
    database.prepare('DELETE FROM locks WHERE key = ? AND owner = ?').run(name(key), owner)
  }
}
