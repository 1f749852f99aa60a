import { openClients } from './clients.ts'
import type { Clients } from './clients.ts'
import { pendingSignIns } from './pending-sign-ins.ts'
import type { PendingSignIns } from './pending-sign-ins.ts'
import { openSessions } from './sessions.ts'
import type { Sessions } from './sessions.ts'
import type { WorkerConfig } from './worker-config.ts'

/** What every route works with. */
export interface Desk {
  readonly config: WorkerConfig
  readonly sessions: Sessions
  readonly pending: PendingSignIns
  readonly clients: Clients
}

export function openDesk(config: WorkerConfig): Desk {
  const sessions = openSessions(config)
  return { config, sessions, pending: pendingSignIns(config, sessions), clients: openClients(config) }
}
