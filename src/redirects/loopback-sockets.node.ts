import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/** The connections of some servers. */
export interface LoopbackSockets {
  /** Counts in the connections of `server`, and gives it back. */
  watch(server: Server): Server
  /** Exempts the connection from both ways to lose it. */
  keep(socket: Socket): void
  /** Ends all that are not kept. */
  drop(): void
}

/**
 * Holds the number of open connections to `limit`, of all servers together: one more, and the oldest
 * ends. Refusing the newest instead would let idle connections lock the person's browser out.
 */
export function loopbackSockets(limit: number): LoopbackSockets {
  const open = new Set<Socket>()
  const kept = new WeakSet<Socket>()
  const loose = (): Socket[] => [...open].filter((socket) => !kept.has(socket))
  return {
    watch: (server) => {
      server.on('connection', (socket: Socket) => {
        open.add(socket)
        socket.once('close', () => open.delete(socket))
        if (open.size > limit) loose()[0]?.destroy()
      })
      return server
    },
    keep: (socket) => {
      kept.add(socket)
    },
    drop: () => {
      for (const socket of loose()) socket.destroy()
    },
  }
}
