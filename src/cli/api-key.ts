import { authFilePath } from '../node/auth-file-path.ts'
import { loadProviderAuth } from '../node/load-auth.ts'
import { createApiKey } from '../providers/anthropic.ts'
import type { Asked } from './command.ts'
import { misuse } from './misuse.ts'
import { openStored } from './open-client.ts'
import { profileOf, slotNamed } from './slot.ts'
import { print } from './world.ts'
import type { World } from './world.ts'

/** `latchkey api-key create`: prints a new API key, this once. */
export async function apiKey(asked: Asked, world: World): Promise<number> {
  if (asked.words[0] !== 'create') throw misuse('Say latchkey api-key create.')
  const slot = slotNamed('anthropic', profileOf(asked, world))
  const record = await loadProviderAuth(slot.key, { path: authFilePath({ env: world.env }) })
  const client = await openStored(slot, record, world)
  try {
    print(world, await createApiKey(client, { signal: world.signal }))
    return 0
  } finally {
    client.dispose()
  }
}
