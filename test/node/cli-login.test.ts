import { access, mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { dirname } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createProviderServer } from '../../src/testing/index.ts'
import { listen } from '../../src/testing/listen.node.ts'
import { address, cliRig, visit } from './cli-rig.ts'
import type { CliRig, Ending } from './cli-rig.ts'

// Each run is a process of its own, perhaps on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 })

let rig: CliRig
let who: readonly string[]

beforeEach(async () => {
  rig = await cliRig()
  who = ['login', '--issuer', rig.origin, '--client-id', 'cli']
})
afterEach(() => rig.close())

const stored = async (): Promise<
  Record<string, { access: string; refresh: string; idToken: string; clientId?: string }>
> => JSON.parse(await readFile(rig.path, 'utf8'))

const nothingStored = async (): Promise<boolean> =>
  access(rig.path).then(
    () => false,
    () => true,
  )

/** Nothing that was stored, and no code, was said. */
async function expectNoSecret({ out, err }: Ending): Promise<void> {
  const secrets = Object.values(await stored()).flatMap(({ access: token, refresh, idToken }) => [
    token,
    refresh,
    idToken,
  ])
  for (const secret of secrets) expect(out + err).not.toContain(secret)
  expect(out + err).not.toMatch(/[?&]code=/)
}

describe('latchkey login', () => {
  it('signs in by a loopback port without an input, prints the address alone on its line, and no secret', async () => {
    const run = rig.start([...who, '--via', 'loopback', '--no-browser'])
    const [, url = ''] = await run.said(address)
    await visit(url)
    const ending = await run.ended
    expect(ending).toMatchObject({ code: 0, out: '' })
    expect(ending.err).toContain(`Signed in to ${rig.key} as ada@example.com`)
    expect(ending.err).toContain(`The tokens are in ${rig.path}.`)
    expect(Object.keys(await stored())).toEqual([rig.key])
    await expectNoSecret(ending)
  })

  it('signs in by a paste from a pipe', async () => {
    const run = rig.start([...who, '--via', 'paste'], { open: true })
    const [, url = ''] = await run.said(address)
    run.child.stdin?.end(`${await rig.server.approve(url)}\n`)
    const ending = await run.ended
    expect(ending).toMatchObject({ code: 0, out: '' })
    await expectNoSecret(ending)
  })

  it('signs in by a code on another device', async () => {
    await rig.close()
    rig = await cliRig({ autoApprove: false, clients: [{ clientId: 'cli' }] })
    const run = rig.start(['login', rig.origin, '--client-id', 'cli', '--via', 'device', '--profile', 'work'])
    const [, code = ''] = await run.said(/enter this code:\s+(\S+)/)
    await rig.server.approveDevice(code)
    const ending = await run.ended
    expect(ending).toMatchObject({ code: 0, out: '' })
    expect(ending.err).not.toContain('█')
    expect(Object.keys(await stored())).toEqual([`${rig.key}@work`])
  })

  it.each([
    ['without a terminal', {}],
    ['in CI', { CI: 'true' }],
  ])('asks nobody %s, and names what to set instead', async (_, env) => {
    const began = performance.now()
    const { code, out, err } = await rig.run(who, { env })
    expect([code, out]).toEqual([2, ''])
    expect(err).toMatch(/--via loopback.*LATCHKEY_ACCESS_TOKEN/s)
    expect(performance.now() - began).toBeLessThan(10_000)
    const unnamed = await rig.run(['login'], { env })
    expect(unnamed).toMatchObject({ code: 2, out: '' })
    expect(unnamed.err).toContain('LATCHKEY_PROVIDER')
    expect(rig.server.history.entries).toEqual([])
  })

  it('says who has the port, when it is taken, and what to do', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', () => resolve()))
    const { port } = taken.address() as AddressInfo
    const { code, out, err } = await rig.run([...who, '--via', 'loopback', '--port', String(port)])
    expect([code, out]).toEqual([1, ''])
    expect(err).toContain(`tried ${port}`)
    expect(err).toContain('--via paste')
    expect(err).toContain('(port_in_use)')
    await new Promise((resolve) => taken.close(resolve))
  })

  it.runIf(process.platform !== 'win32')('leaves nothing behind after Ctrl-C, and exits with 130', async () => {
    const run = rig.start([...who, '--via', 'loopback', '--no-browser'])
    const [, url = ''] = await run.said(address)
    run.child.kill('SIGINT')
    expect(await run.ended).toMatchObject({ code: 130, out: '' })
    expect(await nothingStored()).toBe(true)
    await expect(visit(url)).rejects.toThrow()
    expect(rig.server.history.count({ grant: 'authorization_code' })).toBe(0)
  })

  it('ends when the input ends without an answer, and says so', async () => {
    const running = await listen((origin) => createProviderServer({ provider: 'anthropic', issuer: origin }))
    const args = ['login', 'anthropic', '--issuer', running.origin, '--via', 'paste']
    for (const input of [undefined, '', 'nonsense\n']) {
      const { code, out, err } = await rig.run(args, input === undefined ? {} : { input })
      expect([code, out]).toEqual([1, ''])
      expect(err).toContain('the input ended without it')
    }
    expect(await nothingStored()).toBe(true)
    await running.close()
  })

  it('takes the secret of a confidential client from the environment, and shows it nowhere', async () => {
    await rig.close()
    const client = { clientId: 'cli', clientSecret: 'their-secret', authMethod: 'client_secret_post' as const }
    rig = await cliRig({ clients: [{ ...client, redirectUris: ['http://127.0.0.1/callback'] }] })
    const env = { LATCHKEY_CLIENT_ID: 'cli', LATCHKEY_CLIENT_SECRET: client.clientSecret }
    const run = rig.start(['login', rig.origin, '--via', 'loopback', '--no-browser'], { env })
    await visit((await run.said(address))[1] ?? '')
    const { code, out, err } = await run.ended
    expect([code, out + err]).toEqual([0, expect.not.stringContaining(client.clientSecret)])
    expect((await rig.run(['token', '--min-validity', '2h'], { env })).err).not.toContain(client.clientSecret)
    expect(rig.server.history.count({ grant: 'refresh_token', status: 200 })).toBe(1)
    expect(await readFile(rig.path, 'utf8')).not.toContain(client.clientSecret)
    const others = { ...env, LATCHKEY_CLIENT_ID: 'of another server' }
    const refused = await rig.run(['token', '--min-validity', '2h'], { env: others })
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('invalid_client')])
  })

  it('keeps the client id that Sign in with ChatGPT issues, and renews with it', async () => {
    const running = await listen((origin) => createProviderServer({ provider: 'openai-chatgpt', issuer: origin }))
    const run = rig.start(['login', 'openai', '--issuer', running.origin, '--via', 'loopback', '--no-browser'])
    await visit(await running.server.approve((await run.said(address))[1] ?? ''))
    expect(await run.ended).toMatchObject({ code: 0, out: '' })
    const { code, out } = await rig.run(['token', 'openai', '--min-validity', '5h'])
    expect([code, running.server.history.count({ grant: 'refresh_token', status: 200 })]).toEqual([0, 1])
    expect(out).toBe(`${(await stored())['openai']?.access}\n`)
    const issued = (await stored())['openai']?.clientId
    expect(issued).toMatch(/^app_issued_/)
    const again = rig.start(['login', 'openai', '--issuer', running.origin, '--via', 'loopback', '--no-browser'])
    const url = new URL((await again.said(address))[1] ?? '')
    expect(url.searchParams.get('client_id')).toBe(issued)
    expect(url.searchParams.has('agent_name_hint')).toBe(false)
    await visit(await running.server.approve(url))
    expect(await again.ended).toMatchObject({ code: 0, out: '' })
    expect((await stored())['openai']?.clientId).toBe(issued)
    await running.close()
  })

  it('says what the person refused', async () => {
    const run = rig.start([...who, '--via', 'paste'], { open: true })
    const [, url = ''] = await run.said(address)
    run.child.stdin?.end(`${await rig.server.approve(url, { deny: 'access_denied' })}\n`)
    const { code, err } = await run.ended
    expect(code).toBe(1)
    expect(err).toContain('(access_denied)')
    expect(await nothingStored()).toBe(true)
  })

  it.each([
    [['login', 'nobody'], 'no provider'],
    [['login', 'oidc'], '--issuer'],
    [['login', 'anthropic', '--issuer', 'gateway.example', '--via', 'paste'], '--issuer is the https address'],
    [['login', 'anthropic', '--via', 'loopback', '--port', '0'], '--port is a number'],
    [['login', 'github'], 'LATCHKEY_CLIENT_ID'],
    [['login', 'microsoft', '--client-id', 'x'], '--tenant'],
    [['login', 'anthropic', '--via', 'pigeon'], '--via is one of auto, loopback, paste, device'],
    [['login', 'anthropic', '--tokn'], 'no option --tokn'],
    [['login', 'anthropic', '--via'], 'incomplete'],
    [['login', 'a', 'b'], 'too many words'],
    [['lgoin'], 'no such command'],
  ])('%j is a mistake, told without repeating what was typed', async (args, complaint) => {
    const { code, out, err } = await rig.run(args)
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain(complaint)
  })

  it('does not repeat a token that was pasted into the command by mistake', async () => {
    const { code, out, err } = await rig.run(['login', 'sk-ant-oat01-secret', 'rt-secret', '--profile=x'])
    expect([code, out + err]).toEqual([2, expect.not.stringContaining('secret')])
  })

  it('sends nobody to sign in for tokens that it could not keep', async () => {
    await mkdir(dirname(rig.path), { mode: 0o700 })
    await writeFile(rig.path, 'not JSON', { mode: 0o600 })
    const { code, err } = await rig.run([...who, '--via', 'loopback', '--no-browser'])
    expect([code, err]).toEqual([1, expect.stringMatching(/^latchkey: [^]*it is not JSON[^]*\(store_corrupt\)/)])
    expect(err).not.toMatch(address)
  })

  it('says why the tokens could not be written', async () => {
    const run = rig.start([...who, '--via', 'loopback', '--no-browser'])
    const [, url = ''] = await run.said(address)
    await writeFile(rig.path, 'not JSON', { mode: 0o600 })
    await visit(url)
    const { code, err } = await run.ended
    expect([code, err]).toEqual([
      1,
      expect.stringMatching(/could not be written[^]*it is not JSON[^]*\(store_corrupt\)/),
    ])
    expect(await readFile(rig.path, 'utf8')).toBe('not JSON')
  })

  it('leaves no temporary file and no lock', async () => {
    await rig.signIn()
    const run = rig.start([...who, '--via', 'loopback', '--no-browser'])
    await visit((await run.said(address))[1] ?? '')
    await run.ended
    expect(await readdir(`${rig.folder}/latchkey`)).toEqual(['auth.json'])
  })
})
