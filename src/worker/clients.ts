import type { Client } from '../client/client.ts'
import { openClient } from '../client/create-client.ts'
import type { OpenedClient } from '../client/create-client.ts'
import type { Account, ClientEvent, Fetch, Store, StoredRecord, TransactionStore } from '../contracts.ts'
import { fingerprint } from '../core/index.ts'
import { slotOf } from './account-key.ts'
import { freshMap } from './fresh-map.ts'
import type { FreshMap } from './fresh-map.ts'
import { patientFetch } from './patient-fetch.ts'
import { rememberingFetch } from './remembering-fetch.ts'
import { readyTokens } from './ready-tokens.ts'
import type { ReadyTokens } from './ready-tokens.ts'
import { rememberingStore } from './remembering-store.ts'
import type { RememberingStore } from './remembering-store.ts'
import type { Session } from './sessions.ts'
import type { Visit } from './visit.ts'
import type { WorkerConfig } from './worker-config.ts'

/** Who is signed in. */
export interface SignedIn {
  readonly who?: Account
  /** What the store holds of them; absent while that is older than what we hold. */
  readonly record?: StoredRecord
}

/** The way from an account slot to its tokens. */
export interface Clients {
  readonly store: Store
  /** A client for one request, which lets its work go on by `keep`. */
  open(account: string, keep: Visit['keep'], transactions?: TransactionStore): Client
  /** The way to the API in the name of an account whose token is at hand, where nobody need be asked. */
  ready(account: string, keep: Visit['keep']): Fetch | undefined
  /** Lets `use` call the API in the name of whom `look` has found. */
  lend<T>(found: SignedIn & Pick<Session, 'account'>, visit: Visit, use: (fetch: Fetch) => Promise<T>): Promise<T>
  /** Who is signed in at this slot; `undefined` when nobody is, `'over'` when the server or time has ended it. */
  look(account: string): Promise<SignedIn | 'over' | undefined>
}

/** How long nobody refreshes early after that has failed, in milliseconds. */
const pause = 10_000

/** How long a client is kept whose tokens could not be written, in milliseconds. */
const patience = 300_000

/** How long a client that nobody uses is kept, in milliseconds. */
const idleness = 60_000

/** A client, and what belongs to the request that uses it. */
interface OpenClient extends Pick<OpenedClient, 'client' | 'session'> {
  keep: Visit['keep']
  /** Whether it has written, or waited for the lock: then something of it may still be under way. */
  busy: boolean
}

/**
 * Makes clients, one for each request: in a Worker no request may wait for what another one began. What they
 * share is data: records, and the server's metadata, remembered for a while. A client is used again only after a
 * request that has left nothing under way, and for as long as the record that it holds is what the store says.
 * A request whose token is at hand needs none, unless the API refuses that.
 */
export function openClients(config: WorkerConfig): Clients {
  const { clock } = config.client
  const store = rememberingStore(config.client.store, clock)
  const parts: Parts = {
    config,
    store,
    tokens: readyTokens(config.client),
    fetch: patientFetch(rememberingFetch(config.client.fetch, clock), clock),
    paused: freshMap({ clock, freshFor: pause }),
    unsaved: freshMap({ clock, freshFor: patience, limit: 100 }),
    idle: freshMap({ clock, freshFor: idleness }),
  }
  const open: Clients['open'] = (account, keep, transactions) => {
    const known = transactions === undefined ? parts.unsaved.get(account)?.opened : undefined
    return (known ?? make(parts, account, keep, transactions)).client
  }
  return {
    store,
    open,
    ready(account, keep) {
      if (parts.unsaved.get(account) !== undefined) return undefined
      const record = store.remembered(slotOf(config.client.provider.id, account))
      return record && readyFetch(parts, account, record, keep)
    },
    async lend({ account, record }, visit, use) {
      if (record === undefined) return use(open(account, visit.keep).fetch)
      const ready = readyFetch(parts, account, record, visit.keep)
      if (ready !== undefined) return use(ready)
      const opened = borrow(parts, account, record, visit.keep)
      const result = await use(opened.client.fetch)
      if (!visit.request.signal.aborted) giveBack(parts, account, record, opened)
      return result
    },
    async look(account) {
      const unsaved = parts.unsaved.get(account)
      if (unsaved !== undefined) {
        const { client, session } = unsaved.opened
        // Writes what is still to be written, or hears that somebody has signed out since.
        const read = await session.reload().then(
          () => true,
          () => false,
        )
        if (!read) return told(client.getSnapshot().account)
        if (parts.unsaved.get(account) === unsaved) parts.unsaved.delete(account)
      }
      const record = await store.get(slotOf(config.client.provider.id, account))
      if (record === undefined) return undefined
      return (await isOver(record, clock.now())) ? 'over' : { ...told(record.account), record }
    },
  }
}

interface Parts {
  readonly config: WorkerConfig
  readonly store: RememberingStore
  readonly tokens: ReadyTokens
  readonly fetch: (account: string) => Fetch
  /** The accounts whose early refresh has just failed. */
  readonly paused: FreshMap<true>
  /** The clients whose memory holds the only copy of what came, until a later call can write it. */
  readonly unsaved: FreshMap<{ readonly opened: OpenClient }>
  /** The clients that nobody uses, and the records that they hold. */
  readonly idle: FreshMap<{ readonly opened: OpenClient; readonly record: StoredRecord }>
}

function make(parts: Parts, account: string, keep: Visit['keep'], transactions?: TransactionStore): OpenClient {
  const { config, store, fetch, paused } = parts
  const { client, session } = openClient({
    ...config.client,
    ...(paused.get(account) === true && { refreshBefore: 0 }),
    account,
    fetch: fetch(account),
    store: watched(store, () => opened),
    ...(transactions !== undefined && { transactions }),
    onEvent: (event) => note(parts, account, opened, event),
  })
  const opened: OpenClient = { client, session, keep, busy: false }
  return opened
}

function note({ config, paused, unsaved }: Parts, account: string, opened: OpenClient, event: ClientEvent): void {
  if (event.type === 'refresh-failed') paused.set(account, true)
  if (event.type === 'persist-failed') unsaved.set(account, { opened })
  if (event.type === 'signed-out') unsaved.delete(account)
  config.client.onEvent?.(event)
}

/** Opens a client of this request's own when the API refuses the token. */
function readyFetch(parts: Parts, account: string, record: StoredRecord, keep: Visit['keep']): Fetch | undefined {
  return parts.tokens.fetchWith(record, (need, signal) => make(parts, account, keep).session.getTokens(need, signal))
}

function borrow(parts: Parts, account: string, record: StoredRecord, keep: Visit['keep']): OpenClient {
  const known = parts.idle.get(account)
  parts.idle.delete(account)
  if (known?.record !== record) return make(parts, account, keep)
  known.opened.keep = keep
  return known.opened
}

/** A token that ends soon is refreshed while it is served, so that something may be under way. */
function giveBack({ idle, config }: Parts, account: string, record: StoredRecord, opened: OpenClient): void {
  const { clock, refreshBefore = 300_000 } = config.client
  const due = endsWithin(record, refreshBefore + idleness, clock.now())
  if (!opened.busy && !due) idle.set(account, { opened, record })
}

function told(who: Account | undefined): SignedIn {
  return who === undefined ? {} : { who }
}

/** The store as one client sees it, who is `busy` from the first write on. */
function watched(store: Store, user: () => OpenClient): Store {
  return {
    ...store,
    update(key, change) {
      user().busy = true
      return store.update(key, change)
    },
    lock(key, task, options) {
      user().busy = true
      const work = store.lock(key, task, options)
      user().keep(work)
      return work
    },
  }
}

function endsWithin({ tokens }: StoredRecord, time: number, now: number): boolean {
  return tokens.expiresAt !== undefined && tokens.expiresAt - now <= time
}

/** Whether nothing can come of a record any more: the server has ended it, or time has. */
async function isOver(record: StoredRecord, now: number): Promise<boolean> {
  const { dead, tokens } = record
  if (tokens.refreshToken === undefined) return endsWithin(record, 0, now)
  return dead !== undefined && dead.hash === (await fingerprint(record))
}
