import type { SnapshotReadable } from '../client/client.ts'
import { listenerRoom } from '../client/listener-room.ts'
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
  const room = listenerRoom()
  let closed = false

  function put(next: Snapshot): void {
    snapshot = Object.freeze(next)
    room.tell()
  }

  function show({ channel, version, snapshot: next }: VaultBoard): boolean {
    if (closed) return false
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
    subscribe: room.enter,
    readable: room.readable(() => snapshot),
    show,
    put,
    close() {
      closed = true
      room.close()
      news?.close()
    },
  }
}
