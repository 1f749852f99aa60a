import type { Snapshot, StoredRecord } from '../contracts.ts'
import type { SnapshotReadable } from './client.ts'
import { listenerRoom } from './listener-room.ts'

/** What is known now, and who wants to hear of changes. */
export interface SnapshotBoard {
  get(): Snapshot
  /** The record that was shown last. */
  record(): StoredRecord | undefined
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
  let shown: StoredRecord | undefined
  const room = listenerRoom(attend)

  function put(next: Snapshot): void {
    if (same(snapshot, next)) return
    snapshot = next
    room.tell()
  }

  return {
    get: () => snapshot,
    record: () => shown,
    show(record, error) {
      shown = record
      put(toSnapshot(record, error))
    },
    trouble: (error) => put(Object.freeze({ ...snapshot, error })),
    subscribe: room.enter,
    readable: room.readable(() => snapshot),
    close: room.close,
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
