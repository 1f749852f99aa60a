import type { Store } from '../contracts.ts'

/** The same store, which also tells `hear` why something could not be written: a client says only that it could not. */
export function tellingStore(store: Store, hear: (error: unknown) => void): Store {
  return {
    ...store,
    update: (key, change) =>
      store.update(key, change).catch((error: unknown) => {
        hear(error)
        throw error
      }),
  }
}
