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
  turnstile: Turnstile,
  look: () => Promise<T | undefined>,
  task: (held: HeldStore) => Promise<T>,
): Promise<T> {
  const { store, key, lockTimeout } = turnstile
  const place = new AbortController()
  const wait = new AbortController()
  let begun: Promise<T> | undefined
  const lookAgain = async (): Promise<void> => {
    const found = await look().catch(() => undefined)
    if (found === undefined || begun !== undefined) return
    // Who is given the lock at this very moment does nothing under it.
    begun = Promise.resolve(found)
    place.abort(key)
  }
  void lookAround(turnstile, wait.signal, lookAgain)
  const enter = (held: HeldStore): Promise<T> => {
    wait.abort(key)
    return (begun ??= task(held))
  }
  try {
    return await store.lock(key, enter, { timeout: lockTimeout, signal: place.signal })
  } catch (error) {
    if (begun === undefined) throw error
    return begun
  } finally {
    wait.abort(key)
  }
}

/** Looks with each hint while we wait; not where the lock is free. */
async function lookAround({ store, key }: Turnstile, over: AbortSignal, look: () => void): Promise<void> {
  // A free lock is ours after a few turns, and listening takes longer.
  for (let turns = 16; turns-- && !over.aborted; ) await undefined
  if (!over.aborted && store.watch !== undefined) over.addEventListener('abort', store.watch(key, look))
}
