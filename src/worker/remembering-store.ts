import type { Clock, HeldStore, Store, StoredRecord } from '../contracts.ts'
import { freshMap } from './fresh-map.ts'

/** How long a record is served from memory, in milliseconds: so long another isolate's sign-out may go unnoticed here. */
const freshFor = 10_000

/** A store that can also say what it need not ask for. */
export interface RememberingStore extends Store {
  remembered(key: string): StoredRecord | undefined
}

/**
 * A store whose records are remembered for a moment, so that a warm isolate asks nobody. Only data is
 * remembered, never a promise: what one request of a Worker waits for, another must not.
 *
 * Whoever holds the lock, and whoever writes, sees what is really stored.
 */
export function rememberingStore(store: Store, clock: Pick<Clock, 'now'>): RememberingStore {
  const known = freshMap<StoredRecord>({ clock, freshFor })
  let changes = 0

  function remember(key: string, record: StoredRecord | undefined): StoredRecord | undefined {
    if (record === undefined) known.delete(key)
    else known.set(key, record)
    return record
  }

  /** What was read while something was written may be older than that. */
  async function read(held: HeldStore, key: string): Promise<StoredRecord | undefined> {
    const before = changes
    const record = await held.get(key)
    return before === changes ? remember(key, record) : record
  }

  async function update(
    held: HeldStore,
    ...[key, change]: Parameters<Store['update']>
  ): Promise<StoredRecord | undefined> {
    changes++
    known.delete(key)
    const mine = changes
    try {
      const record = await held.update(key, change)
      // Somebody may have read, and remembered, what was there before.
      return remember(key, mine === changes ? record : undefined) ?? record
    } catch (error) {
      known.delete(key)
      throw error
    } finally {
      changes++
    }
  }

  return {
    consistency: store.consistency,
    ...(store.keepsKeys !== undefined && { keepsKeys: store.keepsKeys }),
    ...(store.solitary !== undefined && { solitary: store.solitary }),
    remembered: known.get,
    get: async (key) => known.get(key) ?? read(store, key),
    update: (key, change) => update(store, key, change),
    keys: () => store.keys(),
    lock: (key, task, options) =>
      store.lock(
        key,
        (held) => task({ get: (name) => read(held, name), update: (...given) => update(held, ...given) }),
        options,
      ),
  }
}
