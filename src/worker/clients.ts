import type { Client } from '../client/client.ts'
import { createClient } from '../client/create-client.ts'
import type { Account, ClientEvent, Store, StoredRecord, TransactionStore } from '../contracts.ts'
import { fingerprint } from '../core/index.ts'
import { slotOf } from './account-key.ts'
import { freshMap } from './fresh-map.ts'
import { rememberingFetch } from './remembering-fetch.ts'
import { rememberingStore } from './remembering-store.ts'
import type { Visit } from './visit.ts'
import type { WorkerConfig } from './worker-config.ts'

/** Who is signed in. */
export interface SignedIn {
  readonly who?: Account
}

/** The way from an account slot to its tokens. */
export interface Clients {
  readonly store: Store
  /** A client for one request, which lets its work go on by `keep`. */
  open(account: string, keep: Visit['keep'], transactions?: TransactionStore): Client
  /** Who is signed in at this slot; `undefined` when nobody is, or the server has ended it. */
  look(account: string): Promise<SignedIn | undefined>
}

/** How long nobody refreshes early after that has failed, in milliseconds. */
const pause = 10_000

/** How long a client is kept whose tokens could not be written, in milliseconds. */
const patience = 300_000

/**
 * Makes clients, one for each request: in a Worker no request may wait for what another one began. What they
 * share is data: records, and the server's metadata, remembered for a while.
 */
export function openClients(config: WorkerConfig): Clients {
  const { clock } = config.client
  const store = rememberingStore(config.client.store, clock)
  const fetch = rememberingFetch(config.client.fetch, clock)
  const paused = freshMap<true>({ clock, freshFor: pause })
  const unsaved = freshMap<Client>({ clock, freshFor: patience, limit: 100 })

  function open(account: string, keep: Visit['keep'], transactions?: TransactionStore): Client {
    const known = transactions === undefined ? unsaved.get(account) : undefined
    if (known !== undefined) return known
    const early = paused.get(account) === true ? { refreshBefore: 0 } : {}
    const client = createClient({
      ...config.client,
      ...early,
      account,
      fetch,
      store: { ...store, lock: (key, task, options) => keeping(store.lock(key, task, options), keep) },
      ...(transactions !== undefined && { transactions }),
      onEvent: (event) => note(account, client, event),
    })
    return client
  }

  function note(account: string, client: Client, event: ClientEvent): void {
    if (event.type === 'refresh-failed') paused.set(account, true)
    // Its memory holds the only copy of what came, until a later call can write it.
    if ('code' in event && event.code === 'persist_failed') unsaved.set(account, client)
    if (event.type === 'signed-out') unsaved.delete(account)
    config.client.onEvent?.(event)
  }

  return {
    store,
    open,
    async look(account) {
      const client = unsaved.get(account)
      if (client !== undefined) return signedIn(client.getSnapshot().account)
      const record = await store.get(slotOf(config.client.provider.id, account))
      if (record === undefined || (await isOver(record, clock.now()))) return undefined
      return signedIn(record.account)
    },
  }
}

function signedIn(who: Account | undefined): SignedIn {
  return who === undefined ? {} : { who }
}

function keeping<T>(work: Promise<T>, keep: Visit['keep']): Promise<T> {
  keep(work)
  return work
}

/** Whether nothing can come of a record any more: the server has ended it, or time has. */
async function isOver(record: StoredRecord, now: number): Promise<boolean> {
  const { dead, tokens } = record
  if (tokens.refreshToken === undefined) return tokens.expiresAt !== undefined && tokens.expiresAt <= now
  return dead !== undefined && dead.hash === (await fingerprint(record))
}
