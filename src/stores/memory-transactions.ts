import type { Clock, Transaction, TransactionStore } from '../contracts.ts'
import { frozen } from './frozen.ts'

/** How many sign-ins may be pending, and by which clock they end. */
export interface MemoryTransactionsOptions {
  /** @default real time */
  readonly clock?: Pick<Clock, 'now'>
  /**
   * How many sign-ins may be pending at once. One more, and the oldest is forgotten, so that nobody
   * fills the memory by starting sign-ins.
   *
   * @default 1000
   */
  readonly limit?: number
}

/**
 * Keeps pending sign-ins in this program's memory. A callback that reaches another process, or this
 * one after a restart, finds nothing.
 *
 * `take` gives a transaction once, and never after its `expiresAt`.
 *
 * @example
 * ```ts
 * const client = createClient({ provider, transactions: memoryTransactions({ limit: 100 }) })
 * ```
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-10.12 RFC 6749, section 10.12}
 */
export function memoryTransactions(options: MemoryTransactionsOptions = {}): TransactionStore {
  const { clock = { now: () => Date.now() }, limit = 1000 } = options
  if (!(limit >= 1)) throw new TypeError('limit must be 1 or more')
  const pending = new Map<string, Transaction>()

  function forget(): void {
    const now = clock.now()
    // The oldest first, and none after the first that is to be kept: each sign-in would pay for all that wait.
    for (const [state, { expiresAt }] of pending) {
      if (expiresAt > now && pending.size <= limit) break
      pending.delete(state)
    }
  }

  return {
    keepsKeys: true,
    put: async (transaction) => {
      pending.delete(transaction.state)
      pending.set(transaction.state, frozen(transaction))
      forget()
    },
    take: async (state) => {
      const transaction = pending.get(state)
      pending.delete(state)
      return transaction !== undefined && transaction.expiresAt > clock.now() ? transaction : undefined
    },
  }
}
