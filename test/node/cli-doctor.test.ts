// oxlint-disable vitest/no-conditional-tests, jest/no-conditional-tests -- in other runtimes there is no such test, and so none that is skipped.
import { chmod, mkdir, readdir, utimes, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { checkOpener } from '../../src/cli/check-opener.ts'
import { checkPorts } from '../../src/cli/check-ports.ts'
import { checkProxy } from '../../src/cli/check-proxy.ts'
import type { ProxyCase } from '../../src/cli/check-proxy.ts'
import { explainFix } from '../../src/explain/index.ts'
import type { FixCode } from '../../src/explain/index.ts'
import { claimLock, lockInstance } from '../../src/stores/lock-instance.node.ts'
import { newLockOwner } from '../../src/stores/lock-owner.node.ts'
import { listen } from '../../src/testing/listen.node.ts'
import type { Listening, Listener } from '../../src/testing/listen.node.ts'
import { cliRig, isNode } from './cli-rig.ts'
import type { CliRig } from './cli-rig.ts'

// Each run is a process of its own, perhaps on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 })

let rig: CliRig
const open: Listening<Listener>[] = []

beforeEach(async () => {
  rig = await cliRig()
})
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
  await rig.close()
})

/** What the doctor finds on a machine that can open a browser. */
async function findings(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string[]> {
  const { code, out, err } = await rig.run(['doctor', ...args, '--json'], { env: { BROWSER: 'true', ...env } })
  expect(err).toBe('')
  const found = JSON.parse(out) as { fix: FixCode; what: string; why: string; todo: string }[]
  for (const { fix, why, todo } of found) expect({ why, todo }).toEqual(explainFix(fix))
  expect(code).toBe(found.length === 0 ? 0 : 1)
  told = found.map(({ what }) => what).join('\n')
  return found.map(({ fix }) => fix)
}
let told = ''

/** Serves one answer for each path, and 404 for the others. */
async function serve(answers: (origin: string) => Readonly<Record<string, Response>>): Promise<string> {
  const running = await listen((origin) => {
    const known = answers(origin)
    return {
      fetch: async (input) => {
        const { pathname } = new URL(input instanceof Request ? input.url : input)
        return known[pathname]?.clone() ?? new Response('nothing here', { status: 404 })
      },
    }
  })
  open.push(running)
  return running.origin
}

const metadata = (issuer: string, more: ResponseInit = {}): Response =>
  new Response(JSON.stringify({ issuer, token_endpoint: `${issuer}/token` }), more)

const folder = (): string => join(rig.folder, 'latchkey')

describe('latchkey doctor', () => {
  it('finds nothing where nothing is wrong', async () => {
    expect(await findings([])).toEqual([])
    await rig.signIn()
    expect(await findings([])).toEqual([])
    expect(await findings([rig.origin])).toEqual([])
    const page = await serve(() => ({ '/': new Response('a page') }))
    expect(await findings([rig.origin, '--app', `${page}/`])).toEqual([])
    const plain = await rig.run(['doctor'], { env: { BROWSER: 'true' } })
    expect(plain).toEqual({ code: 0, out: '', err: 'Nothing is wrong.\n' })
    expect(await readdir(folder())).toEqual(['auth.json'])
  })

  it('asks the server that LATCHKEY_ISSUER names, by its kind too', async () => {
    expect(await findings(['oidc'], { LATCHKEY_ISSUER: rig.origin })).toEqual([])
    expect(await findings(['oidc'], { LATCHKEY_ISSUER: 'http://127.0.0.1:9' })).toEqual(['network'])
  })

  it('leaves nothing behind, also of a provider that wants to know the installation', async () => {
    expect(await findings(['openai'], { LATCHKEY_ISSUER: rig.origin })).toEqual([])
    // Bun keeps a folder of its own in every home.
    expect(await readdir(rig.folder)).not.toContain('latchkey')
  })

  it('discovery_path: the metadata is elsewhere, or nowhere', async () => {
    const oauthOnly = await serve((origin) => ({ '/.well-known/oauth-authorization-server': metadata(origin) }))
    expect(await findings([oauthOnly])).toEqual(['discovery_path'])
    expect(told).toContain(`but at ${oauthOnly}/.well-known/oauth-authorization-server, of the issuer ${oauthOnly}`)
    const tooDeep = await serve((origin) => ({ '/.well-known/openid-configuration': metadata(origin) }))
    expect(await findings([`${tooDeep}/tenant`])).toEqual(['discovery_path'])
    expect(told).toContain(`of the issuer ${tooDeep}.`)
    const nowhere = await serve(() => ({}))
    expect(await findings([nowhere])).toEqual(['discovery_path'])
    expect(told).toContain('nor in the other usual places')
    const login = ['login', nowhere, '--client-id', 'x', '--via', 'loopback']
    expect((await rig.run(login)).err).toContain('(discovery_path)')
  })

  it('issuer_mismatch: the server calls itself otherwise', async () => {
    const other = await serve((origin) => ({ '/.well-known/openid-configuration': metadata(`${origin}/`) }))
    expect(await findings([other])).toEqual(['issuer_mismatch'])
    expect(told).toContain(`${other} calls itself ${other}/.`)
    expect((await rig.run(['login', other, '--client-id', 'x', '--via', 'loopback'])).err).toContain(
      '(issuer_mismatch)',
    )
  })

  it('goes on where a server names a token endpoint that is no address', async () => {
    const odd = await serve((origin) => ({
      '/.well-known/openid-configuration': Response.json({ issuer: `${origin}/`, token_endpoint: 'nowhere' }),
      '/': new Response('a page', { headers: { 'content-security-policy': "connect-src 'self'" } }),
    }))
    expect(await findings([odd, '--app', `${odd}/`])).toEqual(['issuer_mismatch'])
  })

  it.each([
    [-3_600_000, /\d{4} s ahead of/],
    [3_600_000, /\d{4} s behind/],
  ])('clock_offset: the server lives in another time (%i ms)', async (offset, words) => {
    const date = new Date(Date.now() + offset).toUTCString()
    const path = '/.well-known/openid-configuration'
    const server = await serve((origin) => ({ [path]: metadata(origin, { headers: { date } }) }))
    expect(await findings([server])).toEqual(['clock_offset'])
    expect(told).toMatch(words)
  })

  it('network and server_error: nobody answers, or somebody in trouble', async () => {
    expect(await findings(['http://127.0.0.1:9'])).toEqual(['network'])
    const trouble = await serve(() => ({ '/.well-known/openid-configuration': new Response('', { status: 503 }) }))
    expect(await findings([trouble])).toEqual(['server_error'])
  })

  if (isNode)
    it('reaches servers on the first Node 20, which has no AbortSignal.any', async () => {
      const before = ['--import', 'data:text/javascript,delete AbortSignal.any']
      const { err } = await rig.run(['doctor', rig.origin], { before, env: { BROWSER: 'true' } })
      expect(err).toBe('Nothing is wrong.\n')
    })

  it.runIf(process.platform !== 'win32')('is stopped by Ctrl-C, and blames no server for that', async () => {
    let asked = (): void => undefined
    const arrived = new Promise<void>((resolve) => (asked = resolve))
    const silent = await listen(() => ({ fetch: () => new Promise(() => asked()) }))
    const run = rig.start(['doctor', silent.origin], { env: { BROWSER: 'true' } })
    await arrived
    run.child.kill('SIGINT')
    expect(await run.ended).toEqual({ code: 130, out: '', err: 'Stopped.\n' })
    await silent.close()
  })

  it('port_in_use: and by whom', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', () => resolve()))
    const { port } = taken.address() as AddressInfo
    expect(await findings(['--port', String(port)])).toEqual(['port_in_use'])
    if (process.platform === 'linux') expect(told).toContain(`${port} by process ${process.pid} (`)
    await new Promise((resolve) => taken.close(resolve))
    expect(await findings(['--port', String(port)])).toEqual([])
  })

  it('port_in_use: also where another program has only one of the addresses of localhost', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '::1', resolve))
    const { port } = taken.address() as AddressInfo
    expect(await checkPorts([port], 'localhost')).toMatchObject([{ fix: 'port_in_use' }])
    expect(await checkPorts([port], '127.0.0.1')).toEqual([])
    expect(await findings(['anthropic', '--port', String(port)], { LATCHKEY_ISSUER: rig.origin })).toContain(
      'port_in_use',
    )
    await new Promise((resolve) => taken.close(resolve))
    expect(await checkPorts([port], 'localhost')).toEqual([])
  })

  it('opener_missing: no display, or no program for it', async () => {
    if (process.platform === 'linux') {
      expect(await findings([], { BROWSER: '' })).toEqual(['opener_missing'])
      expect(await findings([], { BROWSER: 'no-such-browser' })).toEqual(['opener_missing'])
    }
    expect(checkOpener({}, 'linux')).toMatchObject([{ fix: 'opener_missing' }])
    expect(checkOpener({ DISPLAY: ':0', PATH: rig.folder }, 'linux')).toMatchObject([
      { fix: 'opener_missing', what: expect.stringContaining('xdg-open') },
    ])
    expect(checkOpener({}, 'win32')).toEqual([])
  })

  it('store_corrupt: an entry of an account that no other command can use', async () => {
    await mkdir(folder(), { mode: 0o700 })
    const entries = { anthropic: { type: 'oauth', access: 5 }, github: { type: 'api_key', key: 'k' } }
    await writeFile(rig.path, JSON.stringify(entries), { mode: 0o600 })
    expect((await rig.run(['token', 'anthropic'])).err).toContain('(store_corrupt)')
    expect(await findings([])).toEqual(['store_corrupt'])
    expect(told).toContain('"anthropic" is malformed')
    await writeFile(rig.path, '')
    expect(await findings([])).toEqual([])
  })

  it('store_denied: the file cannot be where it should be, or nothing may be written there', async () => {
    await writeFile(join(rig.folder, 'file'), '')
    expect(await findings([], { LATCHKEY_AUTH_FILE: join(rig.folder, 'file', 'auth.json') })).toEqual(['store_denied'])
    // Not even an administrator can write there.
    if (process.platform === 'linux') {
      expect(await findings([], { LATCHKEY_AUTH_FILE: '/proc/latchkey/auth.json' })).toEqual(['store_denied'])
      expect(told).toBe('Nothing can be written in /proc.')
    }
  })

  it('store_corrupt: the file was cut', async () => {
    await mkdir(folder(), { mode: 0o700 })
    await writeFile(rig.path, '{"cut', { mode: 0o600 })
    expect(await findings([])).toEqual(['store_corrupt'])
  })

  it('store_open: others may use the file, or put another in its place', async () => {
    await rig.signIn()
    await chmod(rig.path, 0o640)
    expect(await findings([])).toEqual(['store_open'])
    expect(told).toContain('(mode 640)')
    await chmod(rig.path, 0o600)
    await chmod(folder(), 0o777)
    expect(await findings([])).toEqual(['store_open'])
    expect(told).toContain(folder())
    await chmod(folder(), 0o755)
    expect(await findings([])).toEqual([])
  })

  it('lock_stale: a program died while it held the lock, and which; one that lives is left alone', async () => {
    await rig.signIn()
    const lock = `${rig.path}.lock`
    await mkdir(lock)
    expect(await findings([])).toEqual([])
    const longAgo = new Date(Date.now() - 60_000)
    await utimes(lock, longAgo, longAgo)
    expect(await findings([])).toEqual(['lock_stale'])
    expect(told).toContain('by another program')
    await utimes(lock, new Date(), new Date())
    const instance = await lockInstance(lock)
    // No process has this number: Linux ends at four million.
    if (instance) await claimLock(instance, 0, { ...(await newLockOwner()), pid: 2 ** 30 })
    expect(await findings([])).toEqual(['lock_stale'])
    expect(told).toMatch(/by process 1073741824 on /)
  })

  it('cors_missing: the token endpoint does not talk to pages', async () => {
    const page = await serve(() => ({ '/': new Response('a page') }))
    const closed = await serve((origin) => ({
      '/.well-known/openid-configuration': metadata(origin),
      '/token': new Response('{"error":"invalid_request"}', { status: 400 }),
    }))
    expect(await findings([closed, '--app', `${page}/`])).toEqual(['cors_missing'])
    expect(told).toContain(page)
  })

  it('popup_severed and csp_blocks: the page itself is in the way', async () => {
    const page = await serve((origin) => ({
      '/coop': new Response('', { headers: { 'cross-origin-opener-policy': 'same-origin' } }),
      '/coop-popups': new Response('', { headers: { 'cross-origin-opener-policy': 'same-origin-allow-popups' } }),
      '/csp': new Response('', { headers: { 'content-security-policy': "default-src 'self'; connect-src 'self'" } }),
      '/csp-good': new Response('', {
        headers: { 'content-security-policy': `connect-src 'self' ${rig.origin} ${origin}` },
      }),
      '/sandbox': new Response('', { headers: { 'content-security-policy': 'sandbox allow-scripts' } }),
    }))
    expect(await findings([rig.origin, '--app', `${page}/coop`])).toEqual(['popup_severed'])
    expect(await findings([rig.origin, '--app', `${page}/coop-popups`])).toEqual([])
    expect(await findings([rig.origin, '--app', `${page}/csp`])).toEqual(['csp_blocks'])
    expect(await findings([rig.origin, '--app', `${page}/csp-good`])).toEqual([])
    expect(await findings([rig.origin, '--app', `${page}/sandbox`])).toEqual(['csp_blocks'])
    expect(told).toContain('allow-popups, allow-same-origin')
  })

  it('worker_binding: the Worker uses what its configuration does not give', async () => {
    const code =
      "export { TokenVault } from 'latchkey'\nexport default { fetch: (r, env) => [env.VAULT, env.KV, env.ISSUER, env.COOKIE_KEY] }"
    await writeFile(join(rig.folder, 'worker.ts'), code)
    const json = join(rig.folder, 'wrangler.jsonc')
    const whole = {
      main: 'worker.ts',
      vars: { ISSUER: 'https://id.example.com // not a comment' },
      kv_namespaces: [{ binding: 'KV' }],
      durable_objects: { bindings: [{ name: 'VAULT', class_name: 'TokenVault' }] },
      migrations: [{ tag: 'v1', new_sqlite_classes: ['TokenVault'] }],
    }
    await writeFile(json, `// comment\n${JSON.stringify(whole, undefined, 2).replace(/\n\}$/, ',\n}')}`)
    expect(await findings(['--worker', json])).toEqual(['worker_binding'])
    expect(told).toContain('env.COOKIE_KEY')
    await writeFile(join(rig.folder, '.dev.vars'), 'COOKIE_KEY="secret-of-theirs"\n')
    expect(await findings(['--worker', json])).toEqual([])
    await writeFile(json, JSON.stringify({ ...whole, migrations: [], kv_namespaces: [] }))
    expect(await findings(['--worker', json])).toEqual(['worker_binding', 'worker_binding'])
    expect(told).toMatch(/env\.KV[\s\S]*binds TokenVault/)
    expect(told).not.toContain('secret-of-theirs')
    const toml = join(rig.folder, 'wrangler.toml')
    const lines = ['main = "worker.ts"', '[vars]', 'ISSUER = "x"', '[[kv_namespaces]]', 'binding = "KV"']
    const objects = ['[[durable_objects.bindings]]', 'name = "VAULT"', 'class_name = "TokenVault"']
    await writeFile(toml, [...lines, ...objects, '[[migrations]]', 'new_sqlite_classes = ["TokenVault"]'].join('\n'))
    expect(await findings(['--worker', toml])).toEqual([])
    await writeFile(toml, lines.join('\n'))
    expect(await findings(['--worker', toml])).toEqual(['worker_binding'])
  })

  it('proxy_ignored: Node looks at proxy variables only when told so', () => {
    const proxied: ProxyCase = {
      env: { HTTPS_PROXY: 'http://user:secret@proxy.example' },
      host: 'id.example.com',
      runtime: 'node',
      execArgv: [],
    }
    const found = checkProxy(proxied)
    expect(found).toMatchObject([{ fix: 'proxy_ignored' }])
    expect(JSON.stringify(found)).not.toContain('secret')
    const healthy: readonly Partial<ProxyCase>[] = [
      { env: {} },
      { runtime: 'deno' },
      { runtime: 'bun' },
      { host: '127.0.0.1' },
      { host: 'localhost' },
      { execArgv: ['--use-env-proxy'] },
      { env: { ...proxied.env, NODE_USE_ENV_PROXY: '1' } },
      { env: { ...proxied.env, NODE_OPTIONS: '--use-env-proxy' } },
      ...['*', 'example.com', '.example.com', '*.example.com', 'id.example.com:443', 'a, id.example.com'].map(
        (list) => ({
          env: { ...proxied.env, NO_PROXY: list },
        }),
      ),
    ]
    for (const one of healthy) expect(checkProxy({ ...proxied, ...one }), JSON.stringify(one)).toEqual([])
    expect(checkProxy({ ...proxied, env: { ...proxied.env, NO_PROXY: 'ample.com' } })).toHaveLength(1)
  })

  it('says it in words too, and sends no token anywhere', async () => {
    await rig.signIn()
    const before = rig.server.history.entries.length
    const { code, out } = await rig.run(['doctor'], { env: { BROWSER: '' } })
    if (process.platform === 'linux') expect([code, out]).toEqual([1, expect.stringContaining('(opener_missing)')])
    expect(out).not.toContain('\u001b')
    const asked = rig.server.history.entries.slice(before)
    expect(asked.map(({ endpoint }) => endpoint)).toEqual(['metadata'])
    expect(asked.flatMap(({ headers }) => Object.keys(headers))).not.toContain('authorization')
  })
})
