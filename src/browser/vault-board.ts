import type { SnapshotReadable } from '../client/client.ts'
import { quietly } from '../client/quietly.ts'
import type { ClientEvent, Snapshot } from '../contracts.ts'
import type { VaultBoard, VaultNews } from './vault-message.ts'

/** What a page knows of the session, and who on the page wants to hear of changes. */
export interface PageBoard {
  getSnapshot(): Snapshot
  /** Calls `listener` after each change. */
  subscribe(listener: () => void): () => void
  readonly readable: SnapshotReadable
  /** Takes over what the vault says. Gives whether its news will come by a channel that was not heard before. */
  show(board: VaultBoard): boolean
  put(snapshot: Snapshot): void
  close(): void
}

/** Makes it. `onEvent` hears what the vault tells of. */
export function openPageBoard(onEvent: (event: ClientEvent) => void): PageBoard {
  let snapshot: Snapshot = Object.freeze({ status: 'loading' })
  let known: Pick<VaultBoard, 'channel' | 'version'> = { channel: '', version: -1 }
  let news: BroadcastChannel | undefined
  const audience = openAudience()

  function put(next: Snapshot): void {
    snapshot = Object.freeze(next)
    audience.tell()
  }

  function show({ channel, version, snapshot: next }: VaultBoard): boolean {
    if (audience.closed()) return false
    const isNew = channel !== known.channel
    if (isNew) listen(channel)
    if (isNew || version > known.version) {
      known = { channel, version }
      put(next)
    }
    return isNew
  }

  function listen(channel: string): void {
    news?.close()
    if (!('BroadcastChannel' in globalThis)) return
    news = new BroadcastChannel(channel)
    news.onmessage = ({ data }: MessageEvent<VaultNews>) => {
      if ('event' in data) onEvent(data.event)
      else show(data.board)
    }
  }

  return {
    getSnapshot: () => snapshot,
    subscribe: audience.enter,
    readable: {
      subscribe(run) {
        const leave = audience.enter(typeof run === 'function' ? () => run(snapshot) : run)
        quietly(run)(snapshot)
        return leave
      },
    },
    show,
    put,
    close() {
      audience.close()
      news?.close()
    },
  }
}

interface Audience {
  enter(listener: () => void): () => void
  tell(): void
  close(): void
  closed(): boolean
}

function openAudience(): Audience {
  const listeners = new Set<() => void>()
  let closed = false
  return {
    enter(listener) {
      if (typeof listener !== 'function') throw new TypeError('subscribe takes a function.')
      if (closed) return () => undefined
      // One wrapper for each call, so that a function given twice is called twice and removed once.
      const own = quietly(listener)
      listeners.add(own)
      return () => void listeners.delete(own)
    },
    tell() {
      // It may have gone meanwhile.
      for (const listener of listeners) queueMicrotask(() => listeners.has(listener) && listener())
    },
    close() {
      closed = true
      listeners.clear()
    },
    closed: () => closed,
  }
}
