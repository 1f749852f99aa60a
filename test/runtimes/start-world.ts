import { startAuthorizationServer } from './authorization-server.ts'
import type { World } from './context.ts'
import { startStage } from './stage.ts'

/** Starts the servers that tests talk to. */
export async function startWorld(): Promise<{ readonly world: World; close(): Promise<void> }> {
  const [server, stage] = await Promise.all([startAuthorizationServer(), startStage()])
  const { issuer, resource, clients } = server
  return {
    world: { issuer, resource, clients, stage: stage.url },
    close: async () => {
      await Promise.all([server.close(), stage.close()])
    },
  }
}
