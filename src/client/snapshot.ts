import type { Snapshot, StoredRecord } from '../contracts.ts'
import type { SnapshotReadable } from './client.ts'

/** What is known now, and who wants to hear of changes. */
export interface SnapshotBoard {
  get(): Snapshot
  /** Takes over a record; tells the listeners if that changes anything they can see. */
  show(record: StoredRecord | undefined, error: string | undefined): void
  subscribe(listener: () => void): () => void
  readonly readable: SnapshotReadable
  clear(): void
}

/** Makes the board. `onFirst` is called when the first listener comes. */
export function snapshotBoard(onFirst: () => void): SnapshotBoard {
  let snapshot: Snapshot = Object.freeze({ status: 'loading' })
  const listeners = new Set<() => void>()

  function subscribe(listener: () => void): () => void {
    // One wrapper for each call, so that a function given twice is called twice and removed once.
    const own = (): void => listener()
    const first = listeners.size === 0
    listeners.add(own)
    if (first) onFirst()
    return () => listeners.delete(own)
  }

  return {
    get: () => snapshot,
    show(record, error) {
      const next = toSnapshot(record, error)
      if (same(snapshot, next)) return
      snapshot = next
      for (const listener of listeners) queueMicrotask(listener)
    },
    subscribe,
    readable: {
      subscribe(run) {
        const stop = subscribe(() => run(snapshot))
        run(snapshot)
        return stop
      },
    },
    clear: () => listeners.clear(),
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
