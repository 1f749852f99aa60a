import type { Store } from '../../src/contracts.ts'
import { cachedTokens } from './stub-client.ts'

// What is asked of each store, however many accounts are in it. Knows Web APIs only, for pages and Workers.

export type Act = (store: Store) => Promise<unknown>

let count = 1

export const acts: Readonly<Record<string, Act>> = {
  get: (store) => store.get('slot5'),
  update: (store) => store.update('slot5', (found) => ({ ...found, tokens: { ...cachedTokens, expiresAt: ++count } })),
  async 'a new account comes and goes'(store) {
    await store.update('another', () => ({ tokens: cachedTokens }))
    await store.update('another', () => undefined)
  },
}

/** Puts accounts in the way that anybody would. */
export async function fill(store: Store, from: number, to: number): Promise<void> {
  for (let next = from; next < to; next += 200) {
    const part = Array.from({ length: Math.min(200, to - next) }, (_, index) => `slot${next + index}`)
    await Promise.all(part.map((key) => store.update(key, () => ({ tokens: cachedTokens }))))
  }
}
