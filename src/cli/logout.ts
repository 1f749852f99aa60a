import type { Store } from '../contracts.ts'
import { isOAuthError } from '../errors.ts'
import { authFileStore } from '../node/auth-file-store.ts'
import type { Asked } from './command.ts'
import { isMisuse, misuse } from './misuse.ts'
import { openStored } from './open-client.ts'
import type { Slot } from './slot.ts'
import { chooseSlot, slotOf } from './slot.ts'
import { say } from './world.ts'
import type { World } from './world.ts'

const words = {
  done: 'and the tokens are revoked',
  failed: 'but the server could not be asked to revoke the tokens: they end by themselves',
  unsupported: 'but this server cannot revoke tokens: they end by themselves',
  skipped: 'and there was nothing to revoke',
} as const

/** `latchkey logout`: forgets an account, and asks the server to do so. Again is no error. */
export async function logout(asked: Asked, world: World): Promise<number> {
  const store = authFileStore({ env: world.env })
  if (asked.flag('all') && (asked.words.length > 0 || asked.text('profile') !== undefined)) {
    throw misuse('--all is every account there is: name one, or say --all.')
  }
  const slots = asked.flag('all') ? (await store.keys()).map(slotOf) : await chosen(asked, world, store)
  if (slots.length === 0) say(world, 'Nobody is signed in.')
  for (const slot of slots) await forget(slot, world, store)
  return 0
}

async function chosen(asked: Asked, world: World, store: Store): Promise<readonly Slot[]> {
  try {
    return [await chooseSlot(asked.words[0], asked, world, store)]
  } catch (error) {
    if (isOAuthError(error) && error.code === 'sign_in_required') return []
    throw error
  }
}

async function forget(slot: Slot, world: World, store: Store): Promise<void> {
  const record = await store.get(slot.key)
  if (record === undefined) return say(world, `${slot.key}: nobody is signed in.`)
  const client = await openStored(slot, record, world).catch(unknownServer)
  if (client === undefined) {
    await store.update(slot.key, () => undefined)
    return say(world, `${slot.key}: signed out, ${words.unsupported}.`)
  }
  try {
    const { revocation } = await client.signOut({ signal: world.signal })
    say(world, `${slot.key}: signed out, ${words[revocation]}.`)
  } finally {
    client.dispose()
  }
}

/** Another program's account, whose server we do not know, or could never ask. */
function unknownServer(error: unknown): undefined {
  if (!isMisuse(error) && !(isOAuthError(error) && error.code === 'config')) throw error
}
