import type { Clock, HeldStore, Store, StoredRecord, Transaction, TransactionStore } from '../contracts.ts'
import { isOAuthError, OAuthError } from '../errors.ts'
import { within } from '../core/wait.ts'
import { quietly } from './quietly.ts'

/**
 * A store that an application wrote, behind the manners of our own: its failures are typed and repeat
 * nothing that it was given, and a record whose token could not stand in a header goes no further.
 */
export function guardedStore(store: Store): Store {
  const { keepsKeys, solitary } = store
  return {
    ...guardedHeld(store),
    consistency: store.consistency,
    ...(keepsKeys !== undefined && { keepsKeys }),
    ...(solitary !== undefined && { solitary }),
    keys: () => typed(denied, () => store.keys()),
    lock: (key, task, options) => typed(denied, () => store.lock(key, (held) => task(guardedHeld(held)), options)),
    ...(typeof store.watch === 'function' && { watch: (key, listener) => watched(store, key, listener) }),
  }
}

/** How long a transaction store may take for one answer. */
export interface StoreBounds {
  readonly clock: Clock
  /** In milliseconds. */
  readonly timeout: number
}

/** A transaction store behind the same manners, and not waited for without end. */
export function guardedTransactions(transactions: TransactionStore, bounds: StoreBounds): TransactionStore {
  const { keepsKeys } = transactions
  return {
    ...(keepsKeys !== undefined && { keepsKeys }),
    put: (transaction) => bounded(bounds, unwritten, () => transactions.put(transaction)),
    async take(state) {
      const transaction = await bounded(bounds, denied, () => transactions.take(state))
      if (transaction === undefined || isTransaction(transaction)) return transaction
      throw new OAuthError('store_corrupt', { where: 'the transaction store', reason: 'this is no transaction.' })
    },
  }
}

function guardedHeld(held: HeldStore): HeldStore {
  return {
    get: async (key) => sound(await typed(denied, () => held.get(key))),
    update: async (key, change) => sound(await typed(unwritten, () => held.update(key, change))),
  }
}

function bounded<T>({ clock, timeout }: StoreBounds, failure: Failure, ask: () => Promise<T>): Promise<T> {
  return within(typed(failure, ask), 'the transaction store', timeout, clock)
}

/** What a store's own failure to answer is called. */
type Failure = 'store_denied' | 'persist_failed'

const denied = 'store_denied'
const unwritten = 'persist_failed'

async function typed<T>(failure: Failure, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    // A stranger's error may hold the record that it was about.
    throw isOAuthError(error) ? error : new OAuthError(failure, { where: 'the store', reason: 'it threw.' })
  }
}

/** The record, if a token can be served from it. The caller may keep the tokens, and not change them for others. */
function sound(record: StoredRecord | undefined): StoredRecord | undefined {
  if (record === undefined) return undefined
  const reason = defect(record)
  if (reason !== undefined) throw new OAuthError('store_corrupt', { where: 'the record', reason })
  return { ...record, tokens: Object.freeze({ ...record.tokens }) }
}

/** Why no token can be served from a record, if none can. */
export function defect(record: StoredRecord): string | undefined {
  const { accessToken, refreshToken, tokenType, expiresAt } = (record as Partial<StoredRecord> | null)?.tokens ?? {}
  // A native error about an illegal header value would repeat the token.
  if (typeof accessToken !== 'string' || !/^[\x21-\x7e]+$/.test(accessToken)) return 'it holds no usable access token.'
  if (tokenType !== 'Bearer' && tokenType !== 'DPoP') return 'its token type is unknown.'
  if (refreshToken !== undefined && typeof refreshToken !== 'string') return 'its refresh token is not a string.'
  return expiresAt === undefined || Number.isFinite(expiresAt) ? undefined : 'its expiry is not a number.'
}

const texts = ['state', 'codeVerifier', 'slot', 'issuer', 'clientId', 'redirectUri', 'tokenEndpoint'] as const

function isTransaction(value: Transaction): boolean {
  if (typeof value !== 'object' || value === null) return false
  const whole = texts.every((name) => typeof value[name] === 'string')
  return whole && Array.isArray(value.scopes) && Number.isFinite(value.expiresAt)
}

function watched(store: Store, key: string, listener: () => void): () => void {
  try {
    const stop: unknown = store.watch?.(key, listener)
    return quietly(typeof stop === 'function' ? () => stop() : undefined)
  } catch {
    // A hint that does not come costs nothing but freshness.
    return () => undefined
  }
}
