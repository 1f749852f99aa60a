import type { Snapshot } from '../contracts.ts'
import type { SnapshotReadable } from './client.ts'
import { quietly } from './quietly.ts'

/** Those who want to hear of changes. */
export interface ListenerRoom {
  /** Lets a listener in; gives what lets it out. */
  enter(listener: () => void): () => void
  /** The Svelte store of what `now` gives. */
  readable(now: () => Snapshot): SnapshotReadable
  tell(): void
  /** Forgets all listeners, and takes no new ones. */
  close(): void
}

/** Makes the room. `attend` is called when the first listener comes, what it gives when the last has gone. */
export function listenerRoom(attend: () => () => void = () => () => undefined): ListenerRoom {
  const listeners = new Set<() => void>()
  let leave: (() => void) | undefined
  let closed = false

  function empty(): void {
    leave?.()
    leave = undefined
  }

  function enter(listener: () => void): () => void {
    if (typeof listener !== 'function') throw new TypeError('subscribe takes a function.')
    if (closed) return () => undefined
    // One wrapper for each call, so that a function given twice is called twice and removed once.
    const own = quietly(listener)
    listeners.add(own)
    leave ??= attend()
    return () => {
      if (listeners.delete(own) && listeners.size === 0) empty()
    }
  }

  return {
    enter,
    readable: (now) => ({
      subscribe(run) {
        const stop = enter(typeof run === 'function' ? () => run(now()) : run)
        quietly(run)(now())
        return stop
      },
    }),
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
