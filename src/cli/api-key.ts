import { OAuthError } from '../errors.ts'
import { authFilePath } from '../node/auth-file-path.ts'
import type { NodeClient } from '../node/index.ts'
import { loadProviderAuth } from '../node/load-auth.ts'
import { createApiKey } from '../providers/anthropic.ts'
import type { Asked } from './command.ts'
import { either } from './either.ts'
import { misuse } from './misuse.ts'
import { openStored } from './open-client.ts'
import { profileOf, slotNamed } from './slot.ts'
import { timeLimit } from './time-limit.ts'
import { print } from './world.ts'
import type { World } from './world.ts'

/** `latchkey api-key create`: prints a new API key, this once. */
export async function apiKey(asked: Asked, world: World): Promise<number> {
  if (asked.words[0] !== 'create') throw misuse('Say latchkey api-key create.')
  const slot = slotNamed('anthropic', profileOf(asked, world))
  const record = await loadProviderAuth(slot.key, { path: authFilePath({ env: world.env }) })
  const client = await openStored(slot, record, world)
  try {
    print(world, await created(client, world))
    return 0
  } finally {
    client.dispose()
  }
}

const patience = 30_000

/** Whoever gives a signal must bound the wait too, and is given its reason instead of an error of ours. */
async function created(client: NodeClient, { signal }: World): Promise<string> {
  const limit = timeLimit(patience)
  try {
    return await createApiKey(client, { signal: either([signal, limit]) })
  } catch (error) {
    if (signal.aborted) throw new OAuthError('aborted', {})
    throw limit.aborted ? new OAuthError('timeout', { what: 'the API key', after: patience }) : error
  }
}
