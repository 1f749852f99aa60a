import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { anthropic } from '../../src/providers/anthropic.ts'
import { fileStore } from '../../src/stores/file.node.ts'
import { createProviderServer } from '../../src/testing/index.ts'
import { listen } from '../../src/testing/listen.node.ts'
import { address, cliRig } from './cli-rig.ts'
import type { CliRig } from './cli-rig.ts'

// Each run is a process of its own, perhaps on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 })

let rig: CliRig

beforeEach(async () => {
  rig = await cliRig()
})
afterEach(() => rig.close())

const file = async (path = rig.path): Promise<Record<string, Record<string, unknown>>> =>
  JSON.parse(await readFile(path, 'utf8'))

describe('latchkey status', () => {
  it('is 1 when nobody is signed in, 0 when somebody is, and says who, what for, until when and from where', async () => {
    expect(await rig.run(['status', '--json'])).toMatchObject({ code: 1, out: '[]\n' })
    await rig.signIn()
    const { code, out } = await rig.run(['status', '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(out)).toEqual([
      {
        provider: rig.key,
        profile: 'default',
        state: 'ready',
        source: rig.path,
        issuer: rig.origin,
        account: expect.objectContaining({ id: 'ada', email: 'ada@example.com' }),
        scopes: ['openid', 'profile', 'email', 'offline_access'],
        expiresAt: expect.any(Number),
        refreshable: true,
      },
    ])
    const { [rig.key]: entry } = await file()
    for (const secret of ['access', 'refresh', 'idToken']) expect(out).not.toContain(entry?.[secret])
    const words = await rig.run(['status'])
    expect(words.out).toContain('ada@example.com')
    expect(words.out).toMatch(/ends {5}in (59|60) minutes, renewed by itself/)
  })

  it('is 1 for a session that the server has ended, and for one that cannot be renewed', async () => {
    await rig.signIn()
    await fileStore({ path: rig.path }).update(rig.key, (record) => {
      const { refreshToken: _, ...tokens } = record?.tokens ?? { accessToken: '', tokenType: 'Bearer' }
      return { ...record, tokens: { ...tokens, expiresAt: Date.now() - 1 } }
    })
    const expired = await rig.run(['status', '--json'])
    expect([expired.code, JSON.parse(expired.out)[0].state]).toEqual([1, 'expired'])
    await rig.run(['logout'])
    await rig.signIn()
    rig.server.revokeSessions()
    expect((await rig.run(['token', '--min-validity', '5h'])).code).toBe(1)
    const rejected = await rig.run(['status', '--json'])
    expect([rejected.code, JSON.parse(rejected.out)[0]]).toMatchObject([1, { state: 'rejected', refreshable: false }])
  })

  it('hands nothing that a server wrote to the terminal to be obeyed', async () => {
    await mkdir(join(rig.folder, 'latchkey'), { mode: 0o700 })
    const entry = { type: 'oauth', access: 'a', refresh: 'r', expires: 1, scopes: ['openid', '\u001b[2Jmore'] }
    await writeFile(rig.path, JSON.stringify({ anthropic: entry, 'x\u001b[2J': entry }), { mode: 0o600 })
    const { out } = await rig.run(['status'])
    expect(out).toContain('scopes   openid [2Jmore\n')
    expect(out + (await rig.run(['accounts'])).out).not.toContain('\u001b')
  })

  it('is 2 when it cannot be told', async () => {
    await mkdir(join(rig.folder, 'latchkey'), { mode: 0o700 })
    await writeFile(rig.path, 'not JSON')
    expect(await rig.run(['status'])).toMatchObject({ code: 2, out: '' })
  })

  it('names the variable that a token comes from', async () => {
    const { code, out } = await rig.run(['status', '--json'], { env: { LATCHKEY_ACCESS_TOKEN: 'a-secret' } })
    expect([code, JSON.parse(out)[0].source]).toEqual([0, 'LATCHKEY_ACCESS_TOKEN'])
    expect(out).not.toContain('a-secret')
  })
})

describe('latchkey accounts and logout', () => {
  it('lists accounts, and forgets one or all of them, at the server too', async () => {
    await rig.signIn()
    await rig.signIn('work')
    const { out } = await rig.run(['accounts'])
    expect(out).toBe(`${rig.key}\tada@example.com\tready\n${rig.key}@work\tada@example.com\tready\n`)
    const one = await rig.run(['logout', '--profile', 'work'])
    expect(one).toMatchObject({ code: 0, out: '' })
    expect(one.err).toContain('the tokens are revoked')
    expect(Object.keys(await file())).toEqual([rig.key])
    expect(rig.server.history.count({ endpoint: 'revocation', status: 200 })).toBe(2)
    expect((await rig.run(['logout', '--all'])).code).toBe(0)
    expect(await file()).toEqual({})
    expect(await rig.run(['logout'])).toMatchObject({ code: 0, err: 'Nobody is signed in.\n' })
  })

  it('knows the account of no profile by the profile that status gives it', async () => {
    await rig.signIn()
    const { err } = await rig.run(['logout', `${rig.key}@default`])
    expect(err).toContain(`${rig.key}: signed out`)
    expect(await file()).toEqual({})
  })

  it('signs nobody out where it is not clear who is meant', async () => {
    await rig.signIn()
    for (const args of [['github'], ['--profile', 'work']]) {
      expect(await rig.run(['logout', '--all', ...args])).toMatchObject({ code: 2, out: '' })
    }
    expect(Object.keys(await file())).toEqual([rig.key])
  })

  it('signs out here even if the server is down, and tells of it', async () => {
    await rig.signIn()
    rig.server.faults.always('revocation', { status: 503 })
    const { code, err } = await rig.run(['logout'])
    expect([code, err]).toEqual([0, expect.stringContaining('could not be asked')])
    expect(await file()).toEqual({})
  })

  it('forgets an account of another program whose server it does not know', async () => {
    await mkdir(join(rig.folder, 'latchkey'), { mode: 0o700 })
    const other = { type: 'oauth', access: 'a', refresh: 'r', expires: 1 }
    const entries = {
      other,
      'a name that no row may have': { ...other, issuer: 'https://id.example' },
      'no-address': { ...other, issuer: 'nowhere' },
      key: { type: 'api_key', key: 'k' },
    }
    await writeFile(rig.path, JSON.stringify(entries), { mode: 0o600 })
    expect((await rig.run(['logout', '--all'])).code).toBe(0)
    expect(await file()).toEqual({ key: entries.key })
  })
})

describe('latchkey api-key', () => {
  it('signs in to a double of Claude Console, creates a key, and prints it alone', async () => {
    const running = await listen((origin) => createProviderServer({ provider: 'anthropic', issuer: origin }))
    const run = rig.start(['login', 'anthropic', '--issuer', running.origin, '--via', 'loopback', '--no-browser'])
    const [, url = ''] = await run.said(address)
    await fetch(await running.server.approve(url))
    expect(await run.ended).toMatchObject({ code: 0, out: '' })
    const { code, out, err } = await rig.run(['api-key', 'create'])
    expect([code, err]).toEqual([0, ''])
    expect(running.server.apiKeys).toEqual([out.trim()])
    expect(await rig.run(['api-key', 'list'])).toMatchObject({ code: 2, out: '' })
    await running.close()
  })

  it.runIf(process.platform !== 'win32')('is stopped by Ctrl-C while the server thinks', async () => {
    let asked = (): void => undefined
    const arrived = new Promise<void>((resolve) => (asked = resolve))
    const silent = await listen(() => ({ fetch: () => new Promise(() => asked()) }))
    const entry = { type: 'oauth', access: 'a', refresh: 'r', expires: Date.now() + 3_600_000, issuer: silent.origin }
    await mkdir(join(rig.folder, 'latchkey'), { mode: 0o700 })
    await writeFile(rig.path, JSON.stringify({ anthropic: entry }), { mode: 0o600 })
    const run = rig.start(['api-key', 'create'])
    await arrived
    run.child.kill('SIGINT')
    expect(await run.ended).toEqual({ code: 130, out: '', err: 'Stopped.\n' })
    await silent.close()
  })

  it('asks for a sign-in first, and ends at once', async () => {
    const began = performance.now()
    expect(await rig.run(['api-key', 'create'])).toMatchObject({ code: 1, out: '' })
    expect(performance.now() - began).toBeLessThan(20_000)
  })
})

describe('latchkey import and export', () => {
  const pi = (): string => join(rig.folder, '.pi', 'agent', 'auth.json')
  const theirs = {
    anthropic: { type: 'oauth', access: 'pi-access', refresh: 'pi-refresh', expires: Date.now() + 3_600_000 },
    openai: { type: 'api_key', key: 'k' },
  }

  beforeEach(async () => {
    await mkdir(join(rig.folder, '.pi', 'agent'), { recursive: true, mode: 0o700 })
    await writeFile(pi(), JSON.stringify(theirs), { mode: 0o600 })
  })

  it('moves an account here and back, so that it always has one owner', async () => {
    const refused = await rig.run(['import', 'pi'])
    expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('--yes')])
    expect(await file(pi())).toEqual(theirs)
    expect((await rig.run(['import', 'pi', '--yes', '--profile', 'mine'])).code).toBe(0)
    expect(await file(pi())).toEqual({ openai: theirs.openai })
    expect(await file()).toMatchObject({ 'anthropic@mine': { refresh: 'pi-refresh' } })
    expect((await rig.run(['export', 'pi', '--yes'])).code).toBe(0)
    expect(await file(pi())).toMatchObject(theirs)
    expect(await file()).toEqual({})
  })

  it('does not move an account to where somebody is signed in', async () => {
    expect((await rig.run(['import', 'pi', '--yes'])).code).toBe(0)
    await writeFile(pi(), JSON.stringify({ anthropic: { ...theirs.anthropic, refresh: 'another' } }), { mode: 0o600 })
    expect(await rig.run(['import', 'pi', '--yes'])).toMatchObject({ code: 2, out: '' })
    const refused = await rig.run(['export', 'pi', '--yes'])
    expect(refused).toMatchObject({ code: 2, out: '' })
    // A sign-out of the account that should be given away would end it.
    expect(refused.err).toContain('sign out there first')
    expect(await file()).toMatchObject({ anthropic: { refresh: 'pi-refresh' } })
    expect(await file(pi())).toMatchObject({ anthropic: { refresh: 'another' } })
  })

  it("writes a profile that Anthropic's own tools read, and forgets the account here", async () => {
    await rig.run(['import', 'pi', '--yes'])
    const env = { ANTHROPIC_CONFIG_DIR: join(rig.folder, 'ant') }
    expect((await rig.run(['export', 'anthropic', '--yes'], { env })).code).toBe(0)
    const path = join(rig.folder, 'ant', 'credentials', 'default.json')
    expect(await file(path)).toMatchObject({ access_token: 'pi-access', refresh_token: 'pi-refresh' })
    expect((await stat(path)).mode & 0o077).toBe(0)
    // Whoever renews the tokens must name the client that they were issued to, which Pi does not write down.
    expect(await file(join(rig.folder, 'ant', 'configs', 'default.json'))).toMatchObject({
      authentication: { client_id: anthropic().clientId },
    })
    expect(await file()).toEqual({})
  })

  it('keeps the account where the profile cannot be written', async () => {
    await rig.run(['import', 'pi', '--yes'])
    await writeFile(join(rig.folder, 'ant'), 'a file, not a folder')
    const env = { ANTHROPIC_CONFIG_DIR: join(rig.folder, 'ant') }
    expect((await rig.run(['export', 'anthropic', '--yes'], { env })).code).toBe(1)
    expect(await file()).toMatchObject({ anthropic: { refresh: 'pi-refresh' } })
  })

  it('moves nothing within one file, and says so at once', async () => {
    const began = performance.now()
    for (const command of ['import', 'export']) {
      const { code, err } = await rig.run([command, 'pi', '--yes'], { env: { LATCHKEY_AUTH_FILE: pi() } })
      expect([code, err]).toEqual([2, expect.stringContaining('signed in there is signed in here')])
    }
    expect(performance.now() - began).toBeLessThan(20_000)
    expect(await file(pi())).toEqual(theirs)
  })

  it("finds Codex under opencode's name for it, and gives it back under that", async () => {
    const opencode = join(rig.folder, 'opencode', 'auth.json')
    const env = { XDG_DATA_HOME: rig.folder }
    await mkdir(join(rig.folder, 'opencode'), { mode: 0o700 })
    await writeFile(opencode, JSON.stringify({ openai: theirs.anthropic }), { mode: 0o600 })
    expect((await rig.run(['import', 'opencode', 'openai', '--yes'], { env })).code).toBe(0)
    // Here `openai` is Sign in with ChatGPT: another client, and another token endpoint.
    expect(Object.keys(await file())).toEqual(['openai-codex'])
    expect((await rig.run(['export', 'opencode', '--yes'], { env })).code).toBe(0)
    expect(await file(opencode)).toEqual({ openai: expect.objectContaining(theirs.anthropic) })
  })

  it('gives no sign-in with ChatGPT to opencode, which would renew it as one with Codex', async () => {
    await rig.run(['import', 'pi', '--yes'])
    await writeFile(rig.path, JSON.stringify({ openai: theirs.anthropic }), { mode: 0o600 })
    const { code, err } = await rig.run(['export', 'opencode', '--yes'], { env: { XDG_DATA_HOME: rig.folder } })
    expect([code, err]).toEqual([2, expect.stringContaining('openai-codex')])
    expect(Object.keys(await file())).toEqual(['openai'])
  })

  it("leaves Claude Code's sign-in where it is, and says why", async () => {
    const { code, err } = await rig.run(['import', 'claude-code'])
    expect([code, err]).toEqual([1, expect.stringContaining("moving Claude Code's sign-in")])
    await chmod(pi(), 0o600)
    expect(await rig.run(['import', 'nobody'])).toMatchObject({ code: 2, out: '' })
  })
})
