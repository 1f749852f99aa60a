import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/** The connections of some servers. */
export interface LoopbackSockets {
  /** Counts in the connections of `server`, and gives it back. */
  watch(server: Server): Server
  /** Exempts the connection. */
  keep(socket: Socket): void
}

/**
 * Holds the number of open connections to `limit`, of all servers together: one more, and the oldest
 * ends. Refusing the newest instead would let idle connections lock the person's browser out.
 */
export function loopbackSockets(limit: number): LoopbackSockets {
  const open = new Set<Socket>()
  const kept = new WeakSet<Socket>()
  return {
    watch: (server) => {
      server.on('connection', (socket: Socket) => {
        open.add(socket)
        socket.once('close', () => open.delete(socket))
        if (open.size > limit) [...open].find((other) => !kept.has(other))?.destroy()
      })
      return server
    },
    keep: (socket) => {
      kept.add(socket)
    },
  }
}
