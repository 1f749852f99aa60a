import type { Store, StoredRecord } from '../contracts.ts'
import { isOAuthError } from '../errors.ts'
import { authFilePath } from '../node/auth-file-path.ts'
import { environmentTokens } from '../node/environment-tokens.ts'
import { authFileStore } from '../node/auth-file-store.ts'
import { accountRow } from './account-row.ts'
import type { AccountRow } from './account-row.ts'
import type { Asked } from './command.ts'
import { lasting } from './duration.ts'
import { chooseSlot } from './slot.ts'
import { print, say } from './world.ts'
import type { World } from './world.ts'

/** `latchkey status`: 0 when everything asked for is ready, 1 when somebody must sign in, 2 when it cannot be told. */
export async function status(asked: Asked, world: World): Promise<number> {
  try {
    const rows = await rowsFor(asked, world)
    if (asked.flag('json')) print(world, JSON.stringify(rows, undefined, 2))
    else for (const row of rows) print(world, described(row))
    if (rows.length === 0) say(world, 'Nobody is signed in: latchkey login.')
    return rows.length > 0 && rows.every(({ state }) => state === 'ready') ? 0 : 1
  } catch (error) {
    if (!isOAuthError(error)) throw error
    const { explained } = await import('./explained.ts')
    say(world, explained(error, world))
    return 2
  }
}

async function rowsFor(asked: Asked, world: World): Promise<readonly AccountRow[]> {
  const path = authFilePath({ env: world.env })
  const store = authFileStore({ env: world.env })
  const named =
    asked.words[0] ?? asked.text('profile') ?? world.env['LATCHKEY_PROVIDER'] ?? world.env['LATCHKEY_PROFILE']
  const keys = named ? [await keyFor(asked, world, store)] : await store.keys()
  const records = await Promise.all(keys.map(async (key) => [key, key && (await store.get(key))] as const))
  const rows = records.flatMap(([key = '', record]) => (record ? [accountRow(key, record, path)] : []))
  return rows.length > 0 ? rows : fromEnvironment(keys[0], world)
}

async function keyFor(asked: Asked, world: World, store: Store): Promise<string | undefined> {
  return chooseSlot(asked.words[0], asked, world, store).then(
    ({ key }) => key,
    (error: unknown) => {
      if (isOAuthError(error) && error.code === 'sign_in_required') return undefined
      throw error
    },
  )
}

async function fromEnvironment(key: string | undefined, world: World): Promise<readonly AccountRow[]> {
  const tokens = environmentTokens(['LATCHKEY_ACCESS_TOKEN'], world.env)
  if (tokens.source === undefined) return []
  const record: StoredRecord = { tokens: await tokens.getToken() }
  return [accountRow(key ?? 'environment', record, tokens.source)]
}

/** An account in a few lines, for a person. */
function described(row: AccountRow): string {
  const { provider, profile, state, source, scopes, refreshable } = row
  const who = state === 'ready' ? named(row) : `${named(row)} must sign in again (${state})`
  return [
    `${profile === 'default' ? provider : `${provider}@${profile}`}: ${who}`,
    `  scopes   ${scopes?.join(' ') ?? 'unknown'}`,
    `  ends     ${ending(row)}, ${refreshable ? 'renewed by itself' : 'not renewed'}`,
    `  from     ${source}`,
  ].join('\n')
}

function named({ account = {} }: AccountRow): string {
  const { id, name, email, organization } = account
  return [name, email, organization].filter(Boolean).join(', ') || (id ?? 'somebody')
}

function ending({ expiresAt }: AccountRow): string {
  if (expiresAt === undefined) return 'nobody knows'
  const left = expiresAt - Date.now()
  return left > 0 ? `in ${lasting(left)}` : 'it has ended'
}
