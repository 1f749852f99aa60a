import type { HeldStore, LockOptions, RecordChange, Store, StoredRecord } from '../../../src/contracts.ts'
import { OAuthError } from '../../../src/errors.ts'
import type { Actor, Scheduler } from './scheduler.ts'
import type { Tape } from './tape.ts'

/** What a shared store is like. */
export interface SharedStoreOptions {
  /** Whether an update outside the lock waits for it, as it does where the lock is a file's. */
  readonly updatesWait: boolean
  readonly solitary: boolean
  /** Whether it tells others that it has changed. */
  readonly watches: boolean
  /** Whether whoever has lost the lock can write no more by it. */
  readonly fenced: boolean
  /** How likely one writing is to fail. */
  readonly sickness: number
  /** How long the lock of a dead owner is respected, in milliseconds. */
  readonly stale: number
  readonly onWrite: (actor: Actor, before: StoredRecord | undefined, after: StoredRecord | undefined) => void
  /** Somebody who waited for the lock needs it no more; `held`: it was given to them at that moment. */
  readonly onLeave: (held: boolean) => void
}

/** One store that several contexts share, whose every step the scheduler decides. */
export interface SharedStore {
  view(actor: Actor): Store
  peek(): StoredRecord | undefined
  /** Writes at once, as another program does. */
  poke(after: StoredRecord): void
  locked(): boolean
  /** Gives the lock away though its owner lives. Says whether there was one. */
  breakLock(): boolean
  heal(): void
  /** What a death leaves behind. */
  bury(actor: Actor): void
  /** How often somebody has read it. */
  readonly reads: (actor: Actor) => number
  /** How often it has failed somebody. */
  readonly faults: (actor: Actor) => number
}

interface Hold {
  readonly actor: Actor
  readonly stolen: (error: Error) => void
}

interface Watcher {
  readonly actor: Actor
  readonly listener: () => void
}

interface Waiter {
  readonly actor: Actor
  readonly grant: (hold: Hold) => void
  readonly hold: Hold
}

export function sharedStore(scheduler: Scheduler, tape: Tape, options: SharedStoreOptions): SharedStore {
  let record: StoredRecord | undefined
  let holder: Hold | undefined
  let queue: Waiter[] = []
  let watchers: Watcher[] = []
  let sickness = options.sickness
  const faults: Actor[] = []
  const reads: Actor[] = []
  const undertaker: Actor = { name: 'undertaker', alive: true }

  function fail(actor: Actor): boolean {
    if (sickness === 0 || !tape.chance(sickness)) return false
    faults.push(actor)
    return true
  }

  async function get(actor: Actor): Promise<StoredRecord | undefined> {
    await scheduler.step(actor, 'reads')
    if (fail(actor)) throw new OAuthError('store_denied', { where: 'the store', reason: 'simulated.' })
    const found = record
    reads.push(actor)
    await scheduler.step(actor, 'has read')
    return found
  }

  function changed(actor: Actor, before: StoredRecord | undefined, after: StoredRecord | undefined): void {
    options.onWrite(actor, before, after)
    for (const { actor: other, listener } of watchers) void scheduler.step(other, 'is told to look').then(listener)
  }

  async function write(actor: Actor, change: RecordChange, hold?: Hold): Promise<StoredRecord | undefined> {
    await scheduler.step(actor, 'writes')
    if (options.fenced && hold !== undefined && holder !== hold) {
      faults.push(actor)
      throw new OAuthError('persist_failed', { where: 'the store', reason: 'the lock was lost.' })
    }
    if (fail(actor)) throw new OAuthError('persist_failed', { where: 'the store', reason: 'simulated.' })
    const before = record
    const after = change(before)
    record = after
    if (after !== before) changed(actor, before, after)
    await scheduler.step(actor, 'has written')
    // What was written may be there although the writer is told otherwise.
    if (fail(actor)) throw new OAuthError('persist_failed', { where: 'the store', reason: 'simulated, but written.' })
    return after
  }

  function next(): void {
    if (holder !== undefined || queue.length === 0) return
    const [waiter] = queue.splice(tape.pick(queue.length), 1)
    if (waiter === undefined) return
    holder = waiter.hold
    waiter.grant(waiter.hold)
  }

  async function acquire(actor: Actor, wait: LockOptions, stolen: (error: Error) => void): Promise<Hold> {
    await scheduler.step(actor, 'wants the lock')
    const hold: Hold = { actor, stolen }
    const patience = new AbortController()
    const { timeout, signal } = wait
    signal?.addEventListener('abort', () => patience.abort())
    const granted = new Promise<Hold>((grant) => queue.push({ actor, hold, grant }))
    next()
    const got = await Promise.race([granted, scheduler.clock(actor).sleep(timeout, patience.signal)])
    patience.abort()
    if (got === undefined && holder !== hold) {
      queue = queue.filter((waiter) => waiter.hold !== hold)
      if (signal?.aborted !== true) throw new OAuthError('lock_timeout', { after: timeout })
      options.onLeave(false)
      throw new OAuthError('aborted', {})
    }
    await scheduler.step(actor, 'has the lock')
    if (signal?.aborted === true) options.onLeave(true)
    return hold
  }

  function release(hold: Hold): void {
    if (holder !== hold) return
    holder = undefined
    next()
  }

  async function locked<T>(actor: Actor, task: (hold: Hold) => Promise<T>, lockOptions: LockOptions): Promise<T> {
    let steal = (_: Error): void => undefined
    const stolen = new Promise<never>((_, reject) => (steal = reject))
    stolen.catch(() => undefined)
    const hold = await acquire(actor, lockOptions, steal)
    const work = task(hold).finally(() => release(hold))
    work.catch(() => undefined)
    return Promise.race([work, stolen])
  }

  function watch(watcher: Watcher): () => void {
    watchers.push(watcher)
    return () => {
      watchers = watchers.filter((other) => other !== watcher)
    }
  }

  function view(actor: Actor): Store {
    const handle = (hold?: Hold): HeldStore => ({
      get: () => get(actor),
      update: (_, change) => write(actor, change, hold),
    })
    return {
      ...handle(),
      consistency: 'atomic',
      solitary: options.solitary,
      keys: async () => [],
      update: (_, change) =>
        options.updatesWait ? locked(actor, () => write(actor, change), { timeout: 30_000 }) : write(actor, change),
      ...(options.watches && { watch: (_, listener) => watch({ actor, listener }) }),
      lock: (_, task, lockOptions) => locked(actor, (hold) => task(handle(hold)), lockOptions),
    }
  }

  function abandon(hold: Hold): void {
    void scheduler
      .clock(undertaker)
      .sleep(options.stale)
      .then(() => release(hold))
  }

  return {
    view,
    peek: () => record,
    poke(after) {
      const before = record
      record = after
      changed({ name: 'another program', alive: true }, before, after)
    },
    locked: () => holder !== undefined,
    breakLock() {
      const broken = holder
      if (broken === undefined) return false
      if (tape.chance(0.5)) broken.stolen(new Error('The lock was stolen.'))
      release(broken)
      return true
    },
    heal() {
      sickness = 0
    },
    bury(actor) {
      queue = queue.filter((waiter) => waiter.actor !== actor)
      if (holder?.actor === actor) abandon(holder)
    },
    reads: (actor) => reads.filter((other) => other === actor).length,
    faults: (actor) => faults.filter((other) => other === actor).length,
  }
}
