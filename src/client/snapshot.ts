import type { Snapshot, StoredRecord } from '../contracts.ts'
import { fingerprint } from '../core/index.ts'
import { sameGeneration } from '../lifecycle/outcome.ts'
import type { SnapshotReadable } from './client.ts'
import { quietly } from './quietly.ts'

/** What is known now, and who wants to hear of changes. */
export interface SnapshotBoard {
  get(): Snapshot
  /** Takes over a record; tells the listeners if that changes anything they can see. */
  show(record: StoredRecord | undefined, error: string | undefined): void
  /** Nothing can be had from the record last shown but by a new sign-in. */
  over(): void
  /** Adds a failure to what is known. */
  trouble(error: string): void
  subscribe(listener: () => void): () => void
  readonly readable: SnapshotReadable
  /** Forgets all listeners, and takes no new ones. */
  close(): void
}

/** Makes the board. `attend` is called when the first listener comes, what it gives when the last has gone. */
export function snapshotBoard(attend: () => () => void): SnapshotBoard {
  let snapshot: Snapshot = Object.freeze({ status: 'loading' })
  let shown: StoredRecord | undefined
  let ended: StoredRecord | undefined
  let turn = 0
  const room = listenerRoom(attend)

  function put(next: Snapshot): void {
    if (same(snapshot, next)) return
    snapshot = next
    room.tell()
  }

  function post(record: StoredRecord | undefined, error: string | undefined): void {
    shown = record
    if (error === 'sign_in_required') ended = record
    // A session that has ended stays so until there are other tokens, however often it is read again.
    const over = record !== undefined && ended !== undefined && sameGeneration(record, ended)
    put(toSnapshot(record, over ? 'sign_in_required' : error))
  }

  function subscribe(listener: () => void): () => void {
    if (typeof listener !== 'function') throw new TypeError('subscribe takes a function.')
    return room.enter(listener)
  }

  return {
    get: () => snapshot,
    show(record, error) {
      const mine = ++turn
      const { dead } = record ?? {}
      if (record === undefined || dead === undefined || error !== undefined) return post(record, error)
      // The mark may speak of an older token, which only its hash tells.
      void fingerprint(record).then((hash) => {
        if (mine === turn) post(record, hash === dead.hash ? 'sign_in_required' : undefined)
      })
    },
    over: () => post(shown, 'sign_in_required'),
    trouble: (error) => put(Object.freeze({ ...snapshot, error })),
    subscribe,
    readable: {
      subscribe(run) {
        const stop = subscribe(typeof run === 'function' ? () => run(snapshot) : run)
        quietly(run)(snapshot)
        return stop
      },
    },
    close: room.close,
  }
}

interface ListenerRoom {
  enter(listener: () => void): () => void
  tell(): void
  close(): void
}

function listenerRoom(attend: () => () => void): ListenerRoom {
  const listeners = new Set<() => void>()
  let leave: (() => void) | undefined
  let closed = false

  function empty(): void {
    leave?.()
    leave = undefined
  }

  return {
    enter(listener) {
      if (closed) return () => undefined
      // One wrapper for each call, so that a function given twice is called twice and removed once.
      const own = quietly(listener)
      listeners.add(own)
      leave ??= attend()
      return () => {
        if (listeners.delete(own) && listeners.size === 0) empty()
      }
    },
    tell() {
      for (const listener of listeners) {
        queueMicrotask(() => {
          // It may have gone meanwhile.
          if (listeners.has(listener)) listener()
        })
      }
    },
    close() {
      closed = true
      listeners.clear()
      empty()
    },
  }
}

function toSnapshot(record: StoredRecord | undefined, error: string | undefined): Snapshot {
  const failed = error === undefined ? {} : { error }
  // A session that the server has ended is over, whatever is left of its access token.
  if (record === undefined || error === 'sign_in_required') return Object.freeze({ status: 'signed-out', ...failed })
  const { account, tokens } = record
  return Object.freeze({
    status: 'signed-in',
    ...(account !== undefined && { account: Object.freeze({ ...account }) }),
    ...(tokens.expiresAt !== undefined && { expiresAt: tokens.expiresAt }),
    ...failed,
  })
}

function same(a: Snapshot, b: Snapshot): boolean {
  return (
    a.status === b.status &&
    a.expiresAt === b.expiresAt &&
    a.error === b.error &&
    JSON.stringify(a.account) === JSON.stringify(b.account)
  )
}
