import type { HeldStore, Store, StoredRecord } from '../../contracts.ts'

/** The time between a token request and its result, during which nobody else renews the same tokens. */
export interface Turn {
  /** What was stored when the turn began. */
  readonly record: StoredRecord | undefined
  /** The store: under the turn's lock, or, when the turn has ended, without it. */
  readonly store: () => HeldStore
  end(): void
}

/** The longest turn, in milliseconds: where a request fails, the SDK says nothing. */
const longest = 20_000

/** The longest wait for one, in milliseconds. */
const patience = 30_000

/**
 * Takes the store's lock and keeps it until `end`. MCP's SDK asks for tokens in one call and brings new
 * ones in another, or never: so a turn ends by itself too.
 *
 * Errors: `lock_timeout`, and those of the store.
 */
export function takeTurn(store: Store, key: string): Promise<Turn> {
  return new Promise((resolve, reject) => {
    const task = async (held: HeldStore): Promise<void> => {
      const record = await held.get(key)
      await new Promise<void>((done) => {
        let current: HeldStore = held
        const end = (): void => {
          clearTimeout(limit)
          current = store
          done()
        }
        const limit = setTimeout(end, longest)
        // It keeps no process alive, as in Deno a signal would that ends by itself.
        ;(limit as { unref?: () => void }).unref?.()
        resolve({ record, store: () => current, end })
      })
    }
    store.lock(key, task, { timeout: patience }).catch(reject)
  })
}
