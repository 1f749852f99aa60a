// oxlint-disable vitest/no-conditional-tests, jest/no-conditional-tests -- in other runtimes there is no such test, and so none that is skipped.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { memoryStore } from '../../src/index.ts'
import {
  authFilePath,
  borrowTokens,
  environmentTokens,
  fileStore,
  installationId,
  loadAuth,
  moveTokens,
  readAnthropicProfile,
  saveProviderAuth,
  toolFilePath,
  writeAnthropicProfile,
} from '../../src/node/index.ts'
import type { AuthFilePathOptions } from '../../src/node/index.ts'

const hour = 3_600_000
const record = {
  tokens: {
    accessToken: 'sk-ant-oat01-a',
    refreshToken: 'sk-ant-ort01-r',
    tokenType: 'Bearer',
    expiresAt: Date.now() + hour,
  },
} as const
let home = ''

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'others-'))
})
afterEach(() => rm(home, { recursive: true }))

async function put(path: string, value: unknown): Promise<string> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, typeof value === 'string' ? value : JSON.stringify(value, undefined, 2), { mode: 0o600 })
  return path
}

function jwt(claims: object): string {
  return `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`
}

describe('toolFilePath', () => {
  it.each([
    ['pi', {}, '.pi/agent/auth.json'],
    ['synaps', {}, '.synaps-cli/auth.json'],
    ['synaps', { SYNAPS_PROFILE: 'work' }, '.synaps-cli/work/auth.json'],
    ['synaps', { SYNAPS_PROFILE: '../..' }, '.synaps-cli/auth.json'],
    ['synaps', { SYNAPS_PROFILE: '..' }, '.synaps-cli/auth.json'],
    ['opencode', {}, '.local/share/opencode/auth.json'],
    ['claude-code', {}, '.claude/.credentials.json'],
    ['codex', {}, '.codex/auth.json'],
    ['pi', { PI_CODING_AGENT_DIR: '~/agents' }, 'agents/auth.json'],
  ] as const)('%s with %o is %s', (tool, env, path) => {
    expect(toolFilePath(tool, { env, home })).toBe(join(home, path))
  })

  it('follows what each program lets people set', () => {
    expect(toolFilePath('claude-code', { env: { CLAUDE_CONFIG_DIR: join(home, 'x') }, home })).toBe(
      join(home, 'x', '.credentials.json'),
    )
    expect(toolFilePath('codex', { env: { CODEX_HOME: join(home, 'c') }, home })).toBe(join(home, 'c', 'auth.json'))
  })
})

/** A user id without an entry in passwd, in a container: whoever asks the system for a home is given an error. */
const homeless = (env: Record<string, string>): AuthFilePathOptions => ({
  env,
  platform: 'linux',
  get home(): string {
    throw new Error('there is none')
  },
})

describe('a person without a home', () => {
  it('has files where the environment says', async () => {
    expect(authFilePath(homeless({ LATCHKEY_AUTH_FILE: join(home, 'a.json') }))).toBe(join(home, 'a.json'))
    expect(authFilePath(homeless({ XDG_CONFIG_HOME: home }))).toBe(join(home, 'latchkey', 'auth.json'))
    expect(toolFilePath('codex', homeless({ CODEX_HOME: home }))).toBe(join(home, 'auth.json'))
    expect(await readAnthropicProfile(homeless({ ANTHROPIC_CONFIG_DIR: home }))).toBeUndefined()
    expect(await readAnthropicProfile(homeless({ XDG_CONFIG_HOME: home }))).toBeUndefined()
  })
})

describe('an empty HOME', () => {
  const before = process.env['HOME']
  afterEach(() => {
    process.env['HOME'] = before
  })

  it.skipIf(process.platform === 'win32')('puts no tokens into the folder that the program was started in', () => {
    process.env['HOME'] = ''
    for (const path of [authFilePath({ env: {} }), toolFilePath('codex', { env: {} })]) {
      expect(isAbsolute(path), path).toBe(true)
    }
  })
})

describe("Pi's auth.json", () => {
  it('is written as Pi writes it, with fields that its strict reader admits', async () => {
    const path = toolFilePath('pi', { env: {}, home })
    await saveProviderAuth('anthropic', record, { path })
    await saveProviderAuth('openai-codex', { ...record, account: { accountId: 'acc' } }, { path })
    await saveProviderAuth('github', { tokens: { accessToken: 'gho', tokenType: 'Bearer' } }, { path })
    const text = await readFile(path, 'utf8')
    const entries = JSON.parse(text) as Record<string, Record<string, unknown>>
    expect(text).toBe(JSON.stringify(entries, undefined, 2))
    for (const entry of Object.values(entries)) {
      expect([entry['type'], typeof entry['access'], typeof entry['refresh']]).toEqual(['oauth', 'string', 'string'])
      expect(Number.isFinite(entry['expires'])).toBe(true)
    }
    expect(entries['anthropic']).toMatchObject({ refresh: 'sk-ant-ort01-r', expires: record.tokens.expiresAt })
    expect(entries['openai-codex']?.['accountId']).toBe('acc')
    if (process.platform !== 'win32') expect((await stat(path)).mode & 0o777).toBe(0o600)
  })

  it('is read as Pi writes it, and keys of other kinds stay as they are', async () => {
    const theirs = {
      anthropic: { type: 'oauth', refresh: 'r', access: 'a', expires: 1_900_000_000_000 },
      openai: { type: 'oauth', refresh: 'r2', access: 'a2', expires: 1, clientId: 'app_x', scopes: ['openid'] },
      openrouter: { type: 'api_key', key: '!pass show key', env: { A: 'b' } },
      'github-copilot': { type: 'oauth', refresh: 'r3', access: 'a3', expires: 2, availableModelIds: ['m'] },
    }
    const path = await put(toolFilePath('pi', { env: {}, home }), theirs)
    const all = await loadAuth({ path })
    expect(Object.keys(all)).toEqual(['anthropic', 'openai', 'github-copilot'])
    expect(all['anthropic']?.tokens).toMatchObject({
      accessToken: 'a',
      refreshToken: 'r',
      expiresAt: 1_900_000_000_000,
    })
    expect(all['openai']).toMatchObject({ clientId: 'app_x', tokens: { scopes: ['openid'] } })
    await saveProviderAuth('anthropic', record, { path })
    const after = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>
    for (const name of ['openai', 'openrouter', 'github-copilot'] as const) expect(after[name]).toEqual(theirs[name])
  })
})

describe('borrowTokens', () => {
  const claude = (expiresAt: number): object => ({
    claudeAiOauth: {
      accessToken: 'sk-a',
      refreshToken: 'sk-r',
      expiresAt,
      scopes: ['user:inference'],
      subscriptionType: 'max',
    },
  })

  it("uses Claude Code's token while it is good, and leaves the file untouched", async () => {
    const path = await put(toolFilePath('claude-code', { env: {}, home }), claude(Date.now() + hour))
    const before = await readFile(path, 'utf8')
    const borrowed = borrowTokens('claude-code', { env: {}, home })
    expect(borrowed.source).toBe(path)
    expect(await borrowed.getToken()).toMatchObject({ accessToken: 'sk-a', scopes: ['user:inference'] })
    expect(JSON.stringify(await borrowed.read())).not.toContain('sk-r')
    expect(await readFile(path, 'utf8')).toBe(before)
    expect(await readdir(dirname(path))).toEqual(['.credentials.json'])
  })

  it('renews nothing: an ended token is for its own program to renew', async () => {
    const path = await put(toolFilePath('claude-code', { env: {}, home }), claude(Date.now() - 1))
    const borrowed = borrowTokens('claude-code', { path })
    await expect(borrowed.getToken()).rejects.toMatchObject({ code: 'sign_in_required', detail: { reason: 'expired' } })
    await put(path, claude(Date.now() + hour))
    expect((await borrowed.getToken()).accessToken).toBe('sk-a')
    await expect(borrowed.getToken({ minValidity: 2 * hour })).rejects.toMatchObject({ code: 'sign_in_required' })
    await expect(borrowed.getToken({ forceRefresh: true })).rejects.toMatchObject({ code: 'unsupported' })
  })

  it("reads Codex' file, where the access token itself says when it ends", async () => {
    const exp = Math.floor(Date.now() / 1000) + 3600
    const access = jwt({ exp })
    const path = await put(toolFilePath('codex', { env: {}, home }), {
      OPENAI_API_KEY: null,
      tokens: { id_token: jwt({}), access_token: access, refresh_token: 'r', account_id: 'acc' },
      last_refresh: '2026-01-01T00:00:00Z',
    })
    const borrowed = borrowTokens('codex', { path })
    expect(await borrowed.getToken()).toMatchObject({ accessToken: access, expiresAt: exp * 1000 })
    expect((await borrowed.read())?.account).toEqual({ accountId: 'acc' })
    await put(path, { OPENAI_API_KEY: 'sk', tokens: null })
    await expect(borrowed.getToken()).rejects.toMatchObject({ detail: { reason: 'absent' } })
  })

  it.each(['pi', 'synaps', 'opencode'] as const)('reads the file of %s', async (tool) => {
    await put(toolFilePath(tool, { env: {}, home }), {
      anthropic: { type: 'oauth', refresh: 'r', access: 'a', expires: Date.now() + hour },
    })
    expect((await borrowTokens(tool, { env: {}, home }).getToken()).accessToken).toBe('a')
    await expect(borrowTokens(tool, { env: {}, home, slot: 'nobody' }).getToken()).rejects.toMatchObject({
      code: 'sign_in_required',
    })
  })

  it('of a Synaps profile without a file come from the file of none, and else from its own', async () => {
    const env = { SYNAPS_PROFILE: 'work' }
    const entry = (access: string): object => ({
      anthropic: { type: 'oauth', access, refresh: 'r', expires: Date.now() + hour },
    })
    const borrowed = borrowTokens('synaps', { env, home })
    await put(toolFilePath('synaps', { env: {}, home }), entry('base'))
    expect((await borrowed.getToken()).accessToken).toBe('base')
    await put(toolFilePath('synaps', { env, home }), entry('own'))
    expect((await borrowed.getToken()).accessToken).toBe('own')
  })

  it('says that a file is missing, or broken, and quotes nothing of it', async () => {
    await expect(borrowTokens('codex', { env: {}, home }).getToken()).rejects.toMatchObject({
      code: 'sign_in_required',
    })
    const path = await put(toolFilePath('codex', { env: {}, home }), '{"tokens":{"access_token":"secret-')
    const error: unknown = await borrowTokens('codex', { path })
      .getToken()
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'store_corrupt' })
    expect(String(error)).not.toContain('secret-')
  })
})

describe('environmentTokens', () => {
  it('takes the first variable that is set, and says which', async () => {
    const tokens = environmentTokens(['A', 'B', 'C'], { A: ' ', B: 'token-b', C: 'token-c' })
    expect(tokens.source).toBe('B')
    expect(await tokens.getToken()).toEqual({ accessToken: 'token-b', tokenType: 'Bearer' })
    await expect(tokens.getToken({ forceRefresh: true })).rejects.toMatchObject({ code: 'unsupported' })
  })

  it('has no source where nothing is set', async () => {
    const tokens = environmentTokens(['A'], {})
    expect(tokens).not.toHaveProperty('source')
    await expect(tokens.getToken()).rejects.toMatchObject({ code: 'sign_in_required' })
  })
})

describe('moveTokens', () => {
  it.each(['pi', 'synaps', 'opencode'] as const)('takes over from %s, and leaves its other entries', async (tool) => {
    const path = toolFilePath(tool, { env: {}, home })
    await put(path, {
      anthropic: { type: 'oauth', refresh: 'r', access: 'a', expires: 1 },
      openrouter: { type: 'api_key', key: 'k' },
    })
    const to = memoryStore()
    await moveTokens(tool, { to, path, key: 'mine' })
    expect((await to.get('mine'))?.tokens.refreshToken).toBe('r')
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ openrouter: { type: 'api_key', key: 'k' } })
  })

  it("takes over from Codex, and leaves the rest of Codex' file", async () => {
    const path = toolFilePath('codex', { env: {}, home })
    await put(path, { OPENAI_API_KEY: 'sk', tokens: { access_token: jwt({}), refresh_token: 'r' }, theirs: 1 })
    const to = memoryStore()
    await moveTokens('codex', { to, path })
    expect((await to.get('openai-codex'))?.tokens.refreshToken).toBe('r')
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ OPENAI_API_KEY: 'sk', theirs: 1 })
  })

  it('leaves what Codex has written since it was read', async () => {
    const path = toolFilePath('codex', { env: {}, home })
    await put(path, { tokens: { access_token: jwt({}), refresh_token: 'r1' } })
    const { closeSync } = fs
    fs.closeSync = (descriptor) => {
      fs.closeSync = closeSync
      closeSync(descriptor)
      fs.writeFileSync(path, JSON.stringify({ tokens: { access_token: jwt({}), refresh_token: 'r2' } }))
    }
    await expect(moveTokens('codex', { to: memoryStore(), path })).rejects.toMatchObject({ code: 'persist_failed' })
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ tokens: { refresh_token: 'r2' } })
  })

  it("waits for Pi's lock, and takes nothing without it", async () => {
    const path = toolFilePath('pi', { env: {}, home })
    await put(path, { anthropic: { type: 'oauth', refresh: 'r', access: 'a', expires: 1 } })
    await mkdir(`${path}.lock`)
    const to = memoryStore()
    await expect(moveTokens('pi', { to, path, timeout: 100 })).rejects.toMatchObject({ code: 'lock_timeout' })
    expect(await to.keys()).toEqual([])
  })

  it('never makes the other program forget what was not stored here', async () => {
    const path = toolFilePath('pi', { env: {}, home })
    await put(path, { anthropic: { type: 'oauth', refresh: 'r', access: 'a', expires: 1 } })
    const before = await readFile(path, 'utf8')
    const to = memoryStore()
    await to.update('anthropic', () => record)
    await expect(moveTokens('pi', { to, path })).rejects.toMatchObject({ code: 'config' })
    const broken = { ...to, update: () => Promise.reject(new Error('disk')) }
    await expect(moveTokens('pi', { to: broken, path, key: 'x' })).rejects.toThrow('disk')
    expect(await readFile(path, 'utf8')).toBe(before)
    expect((await to.get('anthropic'))?.tokens.refreshToken).toBe('sk-ant-ort01-r')
  })

  it('has nothing to take where nobody is signed in, and leaves Claude Code alone', async () => {
    const to = memoryStore()
    await expect(moveTokens('pi', { to, env: {}, home })).rejects.toMatchObject({ code: 'sign_in_required' })
    await expect(moveTokens('claude-code', { to, env: {}, home })).rejects.toMatchObject({ code: 'unsupported' })
  })
})

describe("Anthropic's profiles", () => {
  const folder = (): string => join(home, 'anthropic')
  const env = (): Record<string, string> => ({ ANTHROPIC_CONFIG_DIR: folder() })
  const credentials = (name: string): string => join(folder(), 'credentials', `${name}.json`)
  const configuration = (name: string): string => join(folder(), 'configs', `${name}.json`)

  it('are written as its own tools read them: seconds, version, private', async () => {
    const account = { email: 'ada@example.com', organization: 'Engines', accountId: 'wrkspc_1' }
    const tokens = { ...record.tokens, scopes: ['user:profile', 'user:inference'] }
    await writeAnthropicProfile({ tokens, account }, { env: env() })
    expect(JSON.parse(await readFile(credentials('default'), 'utf8'))).toEqual({
      version: '1.0',
      type: 'oauth_token',
      access_token: 'sk-ant-oat01-a',
      refresh_token: 'sk-ant-ort01-r',
      expires_at: Math.floor(record.tokens.expiresAt / 1000),
      scope: 'user:profile user:inference',
      account_email: 'ada@example.com',
      organization_name: 'Engines',
      workspace_id: 'wrkspc_1',
    })
    expect(JSON.parse(await readFile(configuration('default'), 'utf8'))).toEqual({
      version: '1.0',
      authentication: {
        type: 'user_oauth',
        client_id: '41077d10-94b8-4194-be48-d251e9eb21b4',
        scope: 'user:profile user:inference',
      },
      workspace_id: 'wrkspc_1',
    })
    if (process.platform === 'win32') return
    expect((await stat(credentials('default'))).mode & 0o777).toBe(0o600)
    expect((await stat(dirname(credentials('default')))).mode & 0o777).toBe(0o700)
  })

  it('come back as they were written, and keep what is not ours', async () => {
    await put(credentials('work'), { version: '1.0', access_token: 'old', expires_at: 1, theirs: { a: 1 } })
    await put(configuration('work'), {
      authentication: { console_url: 'https://x.example' },
      base_url: 'https://y.example',
    })
    await put(join(folder(), 'active_config'), 'work\n')
    await writeAnthropicProfile({ ...record, clientId: 'mine' }, { env: env() })
    expect(await readAnthropicProfile({ env: env() })).toEqual({
      tokens: { ...record.tokens, expiresAt: Math.floor(record.tokens.expiresAt / 1000) * 1000 },
      clientId: 'mine',
    })
    expect(JSON.parse(await readFile(credentials('work'), 'utf8'))).toMatchObject({ theirs: { a: 1 } })
    expect(JSON.parse(await readFile(configuration('work'), 'utf8'))).toMatchObject({
      base_url: 'https://y.example',
      authentication: { console_url: 'https://x.example', client_id: 'mine' },
    })
  })

  it('hold nothing of whoever was signed in before', async () => {
    const before = { email: 'bob@example.com', organization: 'Bobs', accountId: 'wrkspc_bob' }
    const scopes = ['user:profile']
    await writeAnthropicProfile({ tokens: { ...record.tokens, scopes }, account: before }, { env: env() })
    await writeAnthropicProfile({ tokens: { accessToken: 'of ada', tokenType: 'Bearer' } }, { env: env() })
    const { expires_at: _, ...rest } = JSON.parse(await readFile(credentials('default'), 'utf8'))
    expect(rest).toEqual({ version: '1.0', type: 'oauth_token', access_token: 'of ada' })
    expect(JSON.parse(await readFile(configuration('default'), 'utf8'))).toEqual({
      version: '1.0',
      authentication: { type: 'user_oauth', client_id: '41077d10-94b8-4194-be48-d251e9eb21b4' },
    })
  })

  it("hold none of Anthropic's names for the organisation that was signed in before", async () => {
    const theirs = { organization_uuid: 'org-bob', organization_name: 'Bobs', workspace_name: 'Bobs work' }
    await put(credentials('default'), {
      version: '1.0',
      access_token: 'of bob',
      account_email: 'bob@x.example',
      ...theirs,
    })
    await put(configuration('default'), { organization_id: 'org-bob', base_url: 'https://y.example' })
    await writeAnthropicProfile(
      { ...record, account: { email: 'ada@x.example', organization: 'Engines' } },
      { env: env() },
    )
    expect(await readFile(credentials('default'), 'utf8')).not.toMatch(/bob/i)
    expect(await readFile(configuration('default'), 'utf8')).not.toMatch(/bob/i)
    expect(JSON.parse(await readFile(configuration('default'), 'utf8'))).toMatchObject({
      base_url: 'https://y.example',
    })
  })

  it('are the ones that the environment names, and their tokens lie where the configuration says', async () => {
    const elsewhere = join(home, 'elsewhere', 'tokens.json')
    await put(configuration('home'), { authentication: { type: 'user_oauth', credentials_path: elsewhere } })
    await put(join(folder(), 'active_config'), 'work')
    const named = { ...env(), ANTHROPIC_PROFILE: 'home' }
    await writeAnthropicProfile(record, { env: named })
    expect(JSON.parse(await readFile(elsewhere, 'utf8'))).toMatchObject({ access_token: 'sk-ant-oat01-a' })
    expect(JSON.parse(await readFile(configuration('home'), 'utf8'))).toMatchObject({
      authentication: { credentials_path: elsewhere, type: 'user_oauth' },
    })
    expect((await readAnthropicProfile({ env: named }))?.tokens.accessToken).toBe('sk-ant-oat01-a')
    expect(await readAnthropicProfile({ env: env() })).toBeUndefined()
  })

  it('are refused when others may read them, when they are broken, and under a name that is a path', async () => {
    await writeAnthropicProfile(record, { env: env() })
    await expect(readAnthropicProfile({ env: env(), profile: '..' })).rejects.toMatchObject({ code: 'config' })
    await expect(writeAnthropicProfile(record, { env: env(), profile: 'a/b' })).rejects.toMatchObject({
      code: 'config',
    })
    expect(await readAnthropicProfile({ env: env(), profile: 'nobody' })).toBeUndefined()
    if (process.platform !== 'win32') {
      await chmod(credentials('default'), 0o644)
      await expect(readAnthropicProfile({ env: env() })).rejects.toMatchObject({ code: 'store_denied' })
    }
    await put(credentials('broken'), '{')
    await expect(writeAnthropicProfile(record, { env: env(), profile: 'broken' })).rejects.toMatchObject({
      code: 'store_corrupt',
    })
    expect(await readFile(credentials('broken'), 'utf8')).toBe('{')
  })
})

describe('installationId', () => {
  it('is made once, also by many at once, and stays', async () => {
    const path = join(home, 'deep', 'installation-id')
    const ids = await Promise.all(Array.from({ length: 8 }, () => installationId(path)))
    expect(new Set(ids).size).toBe(1)
    expect(await installationId(path)).toMatch(/^[\da-f-]{36}$/)
    expect(await readdir(dirname(path))).toEqual(['installation-id'])
  })

  // Only Node takes a file that may not grow for an error of its own.
  if (!('Deno' in globalThis) && !('Bun' in globalThis) && process.platform !== 'win32')
    it('leaves nothing behind where the disk is full', async () => {
      const path = join(home, 'installation-id')
      const module = new URL('../../src/node/installation-id.ts', import.meta.url).href
      const script = `import { installationId } from '${module}'; await installationId('${path}').catch(() => process.exit(7))`
      const full = 'ulimit -f 0; exec "$0" --input-type=module -e "$1"'
      expect(spawnSync('sh', ['-c', full, process.execPath, script]).status).toBe(7)
      expect(await readdir(home)).toEqual([])
    })

  it('is not made anew where something else stands', async () => {
    const path = await put(join(home, 'installation-id'), 'no uuid')
    await expect(installationId(path)).rejects.toMatchObject({ code: 'store_corrupt' })
    await expect(installationId(home)).rejects.toMatchObject({ code: 'store_denied' })
  })
})

it('keeps a file store on the same file in step with a borrower', async () => {
  const path = toolFilePath('pi', { env: {}, home })
  await fileStore({ path }).update('anthropic', () => record)
  expect((await borrowTokens('pi', { path }).getToken()).accessToken).toBe(record.tokens.accessToken)
})
