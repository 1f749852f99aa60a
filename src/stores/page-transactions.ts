import type { Clock, Transaction, TransactionStore } from '../contracts.ts'
import { OAuthError } from '../errors.ts'
import { type Database, openDatabase } from './indexeddb-database.ts'
import type { WebStorageArea } from './web-storage.ts'

/** Where pending sign-ins are kept, and by which clock they end. */
export interface PageTransactionsOptions {
  /**
   * The database, and how the names in the session storage begin.
   *
   * @default 'latchkey'
   */
  readonly name?: string
  /** @default real time */
  readonly clock?: Pick<Clock, 'now'>
}

/**
 * Keeps pending sign-ins where they outlive a navigation: in IndexedDB, and in the tab's session storage for
 * when the browser refuses that. Several tabs may have one each, and the callback may come to any of them.
 *
 * `take` gives a transaction to one caller among all tabs, also after its `expiresAt`, so that a page that came back
 * too late can say so: a client uses none then. A code verifier lies there in clear, which is of no use without its
 * code, until it is taken; of a sign-in that was given up, until a later one sweeps it out, and its copy until the
 * tab is closed. A DPoP key lies in IndexedDB alone, as a `CryptoKey`.
 *
 * Errors: `persist_failed` where the browser refuses both, or IndexedDB to a DPoP key.
 *
 * @example
 * ```ts
 * const client = createClient({ provider, clientId: 'spa', redirectUri, transactions: pageTransactions() })
 * ```
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-10.12 RFC 6749, section 10.12}
 */
export function pageTransactions(options: PageTransactionsOptions = {}): TransactionStore {
  const { name = 'latchkey', clock = { now: () => Date.now() } } = options
  const database = openDatabase(name)
  const named = (state: string): string => `${name}:transaction:${state}`

  return {
    keepsKeys: true,
    async put(transaction) {
      const shared = await ask(() => share(database, transaction, clock.now()), false)
      // A key is not written out: where IndexedDB cannot hold it, nothing can.
      const { proofKey, ...text } = transaction
      const holds = shared || proofKey === undefined
      const kept = holds && keep(named(transaction.state), { transaction: text, shared })
      if (!shared && !kept) {
        throw new OAuthError('persist_failed', { where: 'The page', reason: 'it has no storage that it may use.' })
      }
    },
    async take(state) {
      const copy = takeCopy(named(state))
      // Where it is shared, IndexedDB alone says who gets it: tabs may be duplicated with their session storage.
      const taken = await ask(() => claim(database, state), copy?.transaction)
      return taken ?? (copy?.shared === false ? copy.transaction : undefined)
    },
  }
}

/** The answer, or `otherwise` where there is no IndexedDB. */
function ask<T>(question: () => Promise<T>, otherwise: T): Promise<T> {
  return question().catch(() => otherwise)
}

function place(state: string): [string, string] {
  return ['transaction', state]
}

async function share(database: Database, transaction: Transaction, now: number): Promise<boolean> {
  await database.change(place(transaction.state), () => transaction)
  await sweep(database, now).catch(() => undefined)
  return true
}

/** Removes what nobody came back for. */
async function sweep(database: Database, now: number): Promise<void> {
  for (const key of await database.keys()) {
    if (!Array.isArray(key) || key[0] !== 'transaction') continue
    await database.change(key, (value) =>
      ((value as Transaction | undefined)?.expiresAt ?? 0) > now ? value : undefined,
    )
  }
}

/** Reads and removes in one transaction: of two tabs one gets it. */
async function claim(database: Database, state: string): Promise<Transaction | undefined> {
  let taken: Transaction | undefined
  await database.change(place(state), (value) => {
    taken = value as Transaction | undefined
    return undefined
  })
  return taken
}

/** What lies in the session storage. */
interface Copy {
  readonly transaction: Transaction
  /** Whether it lies in IndexedDB too. */
  readonly shared: boolean
}

function keep(name: string, copy: Copy): boolean {
  try {
    sessionArea()?.setItem(name, JSON.stringify(copy))
    return sessionArea() !== undefined
  } catch {
    return false
  }
}

function takeCopy(name: string): Copy | undefined {
  try {
    const text = sessionArea()?.getItem(name) ?? undefined
    sessionArea()?.removeItem(name)
    return text === undefined ? undefined : (JSON.parse(text) as Copy)
  } catch {
    return undefined
  }
}

function sessionArea(): WebStorageArea | undefined {
  return (globalThis as { readonly sessionStorage?: WebStorageArea }).sessionStorage
}
