import { mkdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { StoredRecord } from '../contracts.ts'
import { configError, OAuthError } from '../errors.ts'
import { anthropicPlatform } from '../providers/anthropic.ts'
import { fsFailure } from '../stores/fs-failure.node.ts'
import { homeFolder } from '../stores/home-folder.node.ts'
import { readPrivateFile, replacePrivateFile } from '../stores/private-file.node.ts'
import { readMembers } from './read-tool-record.ts'

/** Which profile. */
export interface AnthropicProfileOptions {
  /** @default the one that ANTHROPIC_PROFILE names, else the active one, else 'default' */
  readonly profile?: string
  /** @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** @default process.platform */
  readonly platform?: string
  /** @default homedir() of node:os */
  readonly home?: string
}

/**
 * Reads a profile of Anthropic's own tools: what `ant auth login` wrote. `undefined` where there is none.
 *
 * Errors: `store_denied` where others may read or write the file, `store_corrupt`, `config` for a name
 * that is none.
 *
 * @example
 * ```ts
 * const record = await readAnthropicProfile()
 * ```
 */
export async function readAnthropicProfile(options: AnthropicProfileOptions = {}): Promise<StoredRecord | undefined> {
  const { credentials, authentication } = await filesOf(options)
  const members = await readMembers(credentials)
  if (members === undefined) return undefined
  await refuseOpenFile(credentials, options.platform)
  const text = (name: string): string | undefined => {
    const value = members[name]
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  const accessToken = text('access_token')
  if (accessToken === undefined)
    throw new OAuthError('store_corrupt', { where: credentials, reason: 'it has no token' })
  const clientId = authentication['client_id']
  const [refreshToken, scope] = [text('refresh_token'), text('scope')]
  const account = given({
    email: text('account_email'),
    organization: text('organization_name'),
    accountId: text('workspace_id'),
  })
  const expiresAt = members['expires_at']
  return {
    tokens: {
      accessToken,
      tokenType: 'Bearer',
      ...(refreshToken !== undefined && { refreshToken }),
      ...(scope !== undefined && { scopes: scope.split(' ') }),
      ...(typeof expiresAt === 'number' && { expiresAt: expiresAt * 1000 }),
    },
    ...(typeof clientId === 'string' && { clientId }),
    ...(Object.keys(account).length > 0 && { account }),
  }
}

/**
 * Writes a profile that Anthropic's own tools and SDKs read: a bare `new Anthropic()` then works. Fields
 * that are not ours stay. From then on the tokens belong to whoever uses the profile, who renews them
 * without a lock: give them away, and sign in here anew.
 *
 * Errors: `config` for a name that is none, `store_corrupt`, `store_denied`, `persist_failed`.
 *
 * @example
 * ```ts
 * await writeAnthropicProfile(record, { profile: 'work' })
 * ```
 */
export async function writeAnthropicProfile(
  { tokens, clientId, account }: StoredRecord,
  options: AnthropicProfileOptions = {},
): Promise<void> {
  const { credentials, configuration, authentication } = await filesOf(options)
  const scope = tokens.scopes?.join(' ')
  await merge(credentials, {
    version: '1.0',
    type: 'oauth_token',
    access_token: tokens.accessToken,
    expires_at: Math.floor((tokens.expiresAt ?? Date.now()) / 1000),
    refresh_token: tokens.refreshToken,
    scope,
    account_email: account?.email,
    organization_name: account?.organization,
    workspace_id: account?.accountId,
    // We know neither; what stands there was of the sign-in before.
    organization_uuid: undefined,
    workspace_name: undefined,
  })
  const own = { type: 'user_oauth', client_id: clientId ?? anthropicPlatform().clientId, scope }
  await merge(configuration, {
    version: '1.0',
    authentication: { ...authentication, ...own },
    organization_id: undefined,
    workspace_id: account?.accountId,
  })
}

/** A profile's two files, and what its configuration says of the sign-in: also where the tokens are, if elsewhere. */
interface ProfileFiles {
  readonly credentials: string
  readonly configuration: string
  readonly authentication: Readonly<Record<string, unknown>>
}

async function filesOf(options: AnthropicProfileOptions): Promise<ProfileFiles> {
  const folder = folderOf(options)
  const named = options.profile ?? (options.env ?? process.env)['ANTHROPIC_PROFILE']
  const name = named || (await activeProfile(join(folder, 'active_config')))
  if (!/^[A-Za-z0-9_.-]+$/.test(name) || name === '.' || name === '..') {
    throw configError('this is no name of a profile.')
  }
  const configuration = join(folder, 'configs', `${name}.json`)
  const { authentication: given } = (await readMembers(configuration)) ?? {}
  const authentication: ProfileFiles['authentication'] = { ...(given as object | undefined) }
  const { credentials_path: elsewhere } = authentication
  const usual = join(folder, 'credentials', `${name}.json`)
  const credentials = typeof elsewhere === 'string' && elsewhere !== '' ? elsewhere : usual
  return { credentials, configuration, authentication }
}

function folderOf(options: AnthropicProfileOptions): string {
  const { env = process.env, platform = process.platform } = options
  const home = (): string => options.home ?? homeFolder()
  if (env['ANTHROPIC_CONFIG_DIR']) return env['ANTHROPIC_CONFIG_DIR']
  if (platform === 'win32') return join(env['APPDATA'] || join(home(), 'AppData', 'Roaming'), 'Anthropic')
  return join(env['XDG_CONFIG_HOME'] || join(home(), '.config'), 'anthropic')
}

async function activeProfile(path: string): Promise<string> {
  const bytes = await readPrivateFile(path).catch((error: unknown) => {
    throw fsFailure(error, path, 'store_denied')
  })
  return new TextDecoder().decode(bytes).trim() || 'default'
}

/** As Anthropic's own tools do. */
async function refuseOpenFile(path: string, platform: string = process.platform): Promise<void> {
  if (platform === 'win32') return
  const { mode } = await stat(path)
  if ((mode & 0o077) === 0) return
  throw new OAuthError('store_denied', { where: path, reason: 'others may read or write it; make it 0600' })
}

/** What is `undefined` goes: it was somebody else's, whose refresh token must not renew these tokens. */
async function merge(path: string, changes: Readonly<Record<string, unknown>>): Promise<void> {
  const before = (await readMembers(path)) ?? {}
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await replacePrivateFile(path, `${JSON.stringify({ ...before, ...changes }, undefined, 2)}\n`, async () => true)
  } catch (error) {
    throw fsFailure(error, path, 'persist_failed')
  }
}

/** Leaves out what is not there. */
function given<T extends object>(fields: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never
}
