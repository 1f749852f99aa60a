import type { Store } from '../contracts.ts'
import { OAuthError } from '../errors.ts'
import type { Asked } from './command.ts'
import { misuse } from './misuse.ts'
import type { World } from './world.ts'

/** Where the tokens of one account rest. */
export interface Slot {
  /** The store key: the provider's id, or `id@profile`. */
  readonly key: string
  readonly id: string
  readonly profile?: string
}

/** Reads a store key. */
export function slotOf(key: string): Slot {
  const at = key.indexOf('@')
  return at < 0 ? { key, id: key } : { key, id: key.slice(0, at), profile: key.slice(at + 1) }
}

/** Puts a provider's id and a profile together. */
export function slotNamed(id: string, profile: string | undefined): Slot {
  return profile === undefined || profile === '' || profile === 'default' ? { key: id, id } : slotOf(`${id}@${profile}`)
}

/** The profile that was asked for, if any. */
export function profileOf(asked: Asked, { env }: World): string | undefined {
  return asked.text('profile') ?? (env['LATCHKEY_PROFILE'] || undefined)
}

/**
 * Chooses the account a command is for: the one that was named, else the only one there is.
 *
 * Errors: `sign_in_required` where there is none; a misuse where there are several.
 */
export async function chooseSlot(
  word: string | undefined,
  asked: Asked,
  world: World,
  store: Pick<Store, 'keys'>,
): Promise<Slot> {
  const named = word ?? (world.env['LATCHKEY_PROVIDER'] || undefined)
  const profile = profileOf(asked, world)
  if (named !== undefined) {
    const { id, profile: theirs } = slotOf(named)
    return theirs === undefined ? slotNamed(idNamed(named), profile) : slotNamed(id, theirs)
  }
  const keys = (await store.keys()).filter(
    (key) => profile === undefined || slotNamed(slotOf(key).id, profile).key === key,
  )
  const [only, ...others] = keys
  if (only === undefined) throw new OAuthError('sign_in_required', { reason: 'absent' })
  if (others.length > 0) {
    throw misuse(`Several accounts are here: ${keys.join(', ')}. Name one, or set LATCHKEY_PROVIDER.`)
  }
  return slotOf(only)
}

/** An issuer is known by its host and path, as in `oidc`. */
function idNamed(name: string): string {
  if (!name.includes('://')) return name
  return name
    .replace(/^[a-z]+:\/\//i, '')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/-$/, '')
}
