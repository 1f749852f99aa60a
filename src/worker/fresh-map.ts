import type { Clock } from '../contracts.ts'

/** A map that forgets: what is old, and what was not asked for lately, rather than grow without end. */
export interface FreshMap<V> {
  get(key: string): V | undefined
  set(key: string, value: V): void
  delete(key: string): void
}

/** How much a map remembers. */
export interface FreshMapLimits {
  readonly clock: Pick<Clock, 'now'>
  /** For how long, in milliseconds. */
  readonly freshFor: number
  /** How many entries at most. @default 1000 */
  readonly limit?: number
}

export function freshMap<V>({ clock, freshFor, limit = 1000 }: FreshMapLimits): FreshMap<V> {
  const entries = new Map<string, { readonly value: V; readonly at: number }>()
  return {
    get(key) {
      const entry = entries.get(key)
      if (entry === undefined) return undefined
      entries.delete(key)
      const age = clock.now() - entry.at
      // A clock that was set back makes nothing young again.
      if (age < 0 || age >= freshFor) return undefined
      entries.set(key, entry)
      return entry.value
    },
    set(key, value) {
      entries.delete(key)
      entries.set(key, { value, at: clock.now() })
      const [oldest] = entries.keys()
      if (entries.size > limit && oldest !== undefined) entries.delete(oldest)
    },
    delete: (key) => void entries.delete(key),
  }
}
