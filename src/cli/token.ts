import type { StoredRecord, TokenSet } from '../contracts.ts'
import { isOAuthError, OAuthError } from '../errors.ts'
import { authFileRecords } from '../node/auth-file-records.ts'
import type { Asked } from './command.ts'
import { readDuration } from './duration.ts'
import type { Slot } from './slot.ts'
import { chooseSlot } from './slot.ts'
import { print } from './world.ts'
import type { World } from './world.ts'

/** What callers that run this every few minutes need; at most a fifth of the token's life. */
const usualValidity = 300_000

/**
 * `latchkey token`: prints an access token, and never a refresh token.
 *
 * One that is good is printed from the file, with nothing else loaded. A client, which asks the server, is
 * made only for one that is not.
 */
export async function token(asked: Asked, world: World): Promise<number> {
  const asks = asked.text('min-validity')
  const minValidity = asks === undefined ? undefined : readDuration('min-validity', asks)
  print(world, formatted(await goodToken(asked, minValidity, world), asked.text('format') ?? 'raw'))
  return 0
}

async function goodToken(asked: Asked, minValidity: number | undefined, world: World): Promise<TokenSet> {
  const store = authFileRecords({ env: world.env })
  try {
    const slot = await chooseSlot(asked.words[0], asked, world, store)
    const record = await store.get(slot.key)
    if (record === undefined) throw new OAuthError('sign_in_required', { reason: 'absent' })
    return servable(record, minValidity) ? record.tokens : await renewed(slot, record, minValidity, world)
  } catch (error) {
    const fromEnvironment = isAbsent(error) ? await environmentToken(world) : undefined
    if (fromEnvironment !== undefined) return fromEnvironment
    throw error
  }
}

/** What is clearly good. Whatever is doubtful is for the client to decide. */
function servable({ tokens }: StoredRecord, minValidity: number | undefined): boolean {
  const { expiresAt, obtainedAt } = tokens
  if (tokens.accessToken === '') return false
  const now = Date.now()
  if (expiresAt === undefined) return true
  const usual = Math.min(usualValidity, obtainedAt === undefined ? Infinity : (expiresAt - obtainedAt) / 5)
  return expiresAt - now > Math.max(minValidity ?? 0, usual) && (obtainedAt ?? 0) <= now + 60_000
}

async function renewed(
  slot: Slot,
  record: StoredRecord,
  minValidity: number | undefined,
  world: World,
): Promise<TokenSet> {
  const { openStored } = await import('./open-client.ts')
  const client = await openStored(slot, record, world)
  const { signal } = world
  try {
    if (minValidity !== undefined) return await client.getToken({ minValidity, signal })
    const { expiresAt = Infinity, obtainedAt = -Infinity } = record.tokens
    return await client.getToken({ minValidity: Math.min(usualValidity, (expiresAt - obtainedAt) / 5), signal })
  } catch (error) {
    const ended = (record.tokens.expiresAt ?? Infinity) <= Date.now()
    if (minValidity !== undefined || ended || (isOAuthError(error) && error.code === 'aborted')) throw error
    // Nobody said how long it must last: while it is good at all, it will do.
    return await client.getToken({ signal })
  } finally {
    client.dispose()
  }
}

async function environmentToken({ env }: World): Promise<TokenSet | undefined> {
  const { environmentTokens } = await import('../node/environment-tokens.ts')
  const tokens = environmentTokens(['LATCHKEY_ACCESS_TOKEN'], env)
  return tokens.source === undefined ? undefined : tokens.getToken()
}

function isAbsent(error: unknown): boolean {
  return isOAuthError(error) && error.code === 'sign_in_required' && error.detail.reason === 'absent'
}

function formatted({ accessToken, tokenType, expiresAt }: TokenSet, format: string): string {
  if (format === 'json') return JSON.stringify({ accessToken, tokenType, expiresAt })
  if (format === 'header') return `Authorization: ${tokenType} ${accessToken}`
  // Quoted for every shell of the Bourne family.
  return format === 'env' ? `LATCHKEY_ACCESS_TOKEN='${accessToken.replaceAll("'", "'\\''")}'` : accessToken
}
