import type { HeldStore, Store, StoredRecord } from '../contracts.ts'
import { frozen } from './frozen.ts'
import { lockQueue } from './lock-queue.ts'

/**
 * Keeps records in this program's memory: they are gone when it ends, and nobody else sees them.
 *
 * Records are frozen copies. `update` does not wait for a lock; a task that holds one may find its
 * record changed, as with any store that other programs write.
 *
 * Errors: `lock_timeout`, `aborted`.
 *
 * @example
 * ```ts
 * const client = createClient({ provider, store: memoryStore() })
 * ```
 */
export function memoryStore(): Store {
  const records = new Map<string, StoredRecord>()
  const listeners = new Map<string, Set<() => void>>()
  const queue = lockQueue()

  const held: HeldStore = {
    get: async (key) => records.get(key),
    update: async (key, change) => {
      const current = records.get(key)
      const given = change(current)
      if (given === current) return current
      const next = frozen(given)
      if (next === undefined) records.delete(key)
      else records.set(key, next)
      for (const listener of listeners.get(key) ?? []) queueMicrotask(listener)
      return next
    },
  }

  return {
    ...held,
    consistency: 'atomic',
    keepsKeys: true,
    solitary: true,
    keys: async () => [...records.keys()],
    lock: (key, task, options) => queue(key, () => task(held), options),
    watch: (key, listener) => {
      const own = (): void => listener()
      const ours = listeners.get(key) ?? new Set()
      listeners.set(key, ours.add(own))
      return () => {
        ours.delete(own)
        if (ours.size === 0 && listeners.get(key) === ours) listeners.delete(key)
      }
    },
  }
}
