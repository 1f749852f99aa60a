import type { Snapshot, StoredRecord } from '../contracts.ts'
import type { SnapshotReadable } from './client.ts'
import { quietly } from './quietly.ts'

/** What is known now, and who wants to hear of changes. */
export interface SnapshotBoard {
  get(): Snapshot
  /** Takes over a record; tells the listeners if that changes anything they can see. */
  show(record: StoredRecord | undefined, error: string | undefined): void
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
  const room = listenerRoom(attend)

  function put(next: Snapshot): void {
    if (same(snapshot, next)) return
    snapshot = next
    room.tell()
  }

  function subscribe(listener: () => void): () => void {
    if (typeof listener !== 'function') throw new TypeError('subscribe takes a function.')
    return room.enter(listener)
  }

  return {
    get: () => snapshot,
    show: (record, error) => put(toSnapshot(record, error)),
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
