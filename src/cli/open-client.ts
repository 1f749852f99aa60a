import type { ClientAuth, Provider, Store, StoredRecord } from '../contracts.ts'
import type { NodeClient } from '../node/index.ts'
import { createNodeClient } from '../node/node-client.ts'
import { authFileStore } from '../node/auth-file-store.ts'
import type { RowWishes } from './provider-rows.ts'
import { providerRow } from './provider-rows.ts'
import type { Slot } from './slot.ts'
import type { World } from './world.ts'

/** The client for an account that is stored: its record says where it came from. */
export async function openStored(slot: Slot, record: StoredRecord | undefined, world: World): Promise<NodeClient> {
  const { issuer, clientId } = record ?? {}
  const wishes: RowWishes = { issuer, clientId, id: slot.id }
  const store = authFileStore({ env: world.env })
  return openClient(slot, { provider: await providerRow(slot.id, wishes), clientId, store }, world)
}

/** Whose client it is, and where the tokens rest. */
export interface Opening {
  readonly provider: Provider
  readonly clientId: string | undefined
  readonly store: Store
}

/** The client for a provider. */
export function openClient(slot: Slot, { provider, clientId, store }: Opening, world: World): NodeClient {
  const secret = secretOf(clientId, world)
  return createNodeClient({
    provider,
    store,
    // For loopback hosts only, so that a server on this machine can be signed in to.
    allowInsecureLoopback: true,
    ...(clientId !== undefined && { clientId }),
    ...(slot.profile !== undefined && { account: slot.profile }),
    ...(secret !== undefined && { clientAuth: bySecret(secret) }),
  })
}

/** The secret belongs to one client: it must not travel to the servers of other accounts. */
function secretOf(clientId: string | undefined, { env }: World): string | undefined {
  const isTheirs = clientId !== undefined && clientId === env['LATCHKEY_CLIENT_ID']
  return isTheirs ? env['LATCHKEY_CLIENT_SECRET'] || undefined : undefined
}

/** Some servers give a secret even to programs that people install. It never stands on a command line. */
function bySecret(secret: string): ClientAuth {
  return ({ body, clientId }) => {
    body.set('client_id', clientId)
    body.set('client_secret', secret)
  }
}
