import type { HeldStore, Store } from '../contracts.ts'

/** A lock, and how long it is waited for. */
export interface Turnstile {
  readonly store: Store
  readonly key: string
  readonly lockTimeout: number
}

/**
 * Runs `task` under the lock, unless `look` finds meanwhile what makes it needless: then we leave the
 * queue, so that those who wait for the same need not wait for each other. It looks whenever the store
 * hints that there is something new.
 *
 * What the task ended with is kept even if the lock breaks around it.
 */
export async function lockUnless<T>(
  { store, key, lockTimeout }: Turnstile,
  look: () => Promise<T | undefined>,
  task: (held: HeldStore) => Promise<T>,
): Promise<T> {
  const place = new AbortController()
  let begun: Promise<T> | undefined
  let found: T | undefined
  let waiting = true
  let deafen = (): void => undefined
  const lookAgain = async (): Promise<void> => {
    const seen = await look().catch(() => undefined)
    if (seen === undefined || !waiting) return
    // Who is given the lock at this very moment, or after all, reads again under it.
    found = seen
    place.abort(key)
  }
  const listen = async (): Promise<void> => {
    // A free lock is ours after a few turns, and listening takes longer.
    for (let turns = 16; turns-- && waiting; ) await undefined
    if (waiting && store.watch !== undefined) deafen = store.watch(key, lookAgain)
  }
  const end = (): void => {
    if (waiting) deafen()
    waiting = false
  }
  const enter = (held: HeldStore): Promise<T> => {
    end()
    return (begun ??= task(held))
  }
  void listen()
  try {
    return await store.lock(key, enter, { timeout: lockTimeout, signal: place.signal })
  } catch (error) {
    const ended = begun ?? found
    if (ended === undefined) throw error
    return ended
  } finally {
    end()
  }
}
