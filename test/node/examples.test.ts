// oxlint-disable vitest/no-conditional-tests, jest/no-conditional-tests -- in other runtimes there is no such test, and so none that is skipped.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import type { Store } from '../../src/contracts.ts'
import { createAuthorizationServer } from '../../src/testing/index.ts'
import type { AuthorizationServer } from '../../src/testing/index.ts'
import { listen } from '../../src/testing/listen.node.ts'
import type { Listening } from '../../src/testing/listen.node.ts'
import { storeContract } from '../contracts/store.ts'
import { readEntries } from '../package/entries.ts'
import { freshFolder } from '../runtimes/fresh-folder.ts'

// Each example is a process of its own, perhaps on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const root = fileURLToPath(new URL('../../', import.meta.url))
const isDeno = 'Deno' in globalThis
const isNode = !isDeno && !('Bun' in globalThis)
const runtime = isDeno ? ['run', '-A', '--node-modules-dir=manual', '--no-lock'] : []
const folder = freshFolder()
const sqlite = await import('node:sqlite').catch(() => undefined)
/** In the order of the blocks of `afterAll`: what lives must end before its folder goes. */
const children = new Set<ChildProcess>()

let running: Listening<AuthorizationServer>
let env: Readonly<Record<string, string>>

beforeAll(async () => {
  running = await listen((origin) => createAuthorizationServer({ issuer: origin, autoApprove: true }))
  const visit = join(folder.path, 'visit.mjs')
  await writeFile(visit, "import process from 'node:process'\nawait (await fetch(process.argv[2])).text()\n")
  env = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder.path,
    NODE_NO_WARNINGS: '1',
    ISSUER: running.server.issuer,
    API: `${running.server.apiUrl}/echo`,
    CLIENT_ID: 'app',
    BROWSER: [process.execPath, ...runtime, visit, '%s'].join(' '),
  }
})
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await running.close()
  folder.remove()
})

/** An example as it stands, but for where the library is: its source, which need not have been built. */
async function built(path: string): Promise<string> {
  const { build } = await import('esbuild')
  const names = readEntries().map(({ subpath, source }) => [`latchkey${subpath.slice(1)}`, join(root, source)])
  const outfile = join(folder.path, path.replaceAll('/', '-').replace(/\.ts$/, '.mjs'))
  await build({
    entryPoints: [join(root, 'examples', path)],
    bundle: true,
    format: 'esm',
    platform: 'node',
    outfile,
    alias: Object.fromEntries(names),
    external: ['@napi-rs/keyring'],
  })
  return outfile
}

interface Ending {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

function start(args: readonly string[], more: Readonly<Record<string, string>> = {}): ChildProcess {
  const child = spawn(process.execPath, [...args], { env: { ...env, ...more }, stdio: ['ignore', 'pipe', 'pipe'] })
  children.add(child)
  child.once('close', () => children.delete(child))
  return child
}

function run(args: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<Ending> {
  const child = start(args, more)
  let [out, err] = ['', '']
  child.stdout?.on('data', (chunk) => (out += String(chunk)))
  child.stderr?.on('data', (chunk) => (err += String(chunk)))
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err })))
}

it('node-cli signs in when it must, remembers it, and signs out', async () => {
  const program = await built('node-cli/main.ts')
  const first = await run([...runtime, program])
  expect(first).toMatchObject({ code: 0, err: expect.stringContaining('Welcome, Ada Lovelace.') })
  expect(first.out).toMatch(/account: ["']ada["']/)
  expect(await run([...runtime, program, 'whoami'])).toMatchObject({ code: 0, err: '' })
  expect(await run([...runtime, program, 'logout'])).toMatchObject({ code: 0, err: 'Signed out; the tokens: done.\n' })
  expect(await run([...runtime, program, 'constructor'])).toMatchObject({ code: 1, out: '' })
})

it('bun keeps its tokens where nobody without the key can read them', async () => {
  const program = await built('bun/main.ts')
  const more = {
    TOKEN_KEY: Buffer.alloc(32, 7).toString('base64'),
    LATCHKEY_AUTH_FILE: join(folder.path, 'sealed.json'),
  }
  expect(await run([...runtime, program], more)).toMatchObject({ code: 0, out: expect.stringContaining('ada') })
  expect((await run([...runtime, program], more)).err).toBe('')
  const other = { ...more, TOKEN_KEY: Buffer.alloc(32, 8).toString('base64') }
  expect(await run([...runtime, program], other)).toMatchObject({ code: 1, out: '' })
  expect(await run([...runtime, program])).toMatchObject({ code: 1, out: '' })
})

if (isDeno)
  it('deno serves its owner, and neither web pages nor names of others', async () => {
    const program = await built('deno/main.ts')
    const port = await freePort()
    const flags = ['-A', '--node-modules-dir=manual', '--no-lock', '--host', '127.0.0.1', '--port', `${port}`]
    const child = start(['serve', ...flags, program])
    const path = new URL(env['API'] ?? '').pathname
    await expect.poll(() => status(port, path), { timeout: 40_000 }).toBe(200)
    expect(await status(port, path, { origin: 'https://evil.example' })).toBe(403)
    expect(await status(port, path, { host: 'evil.example' })).toBe(403)
    expect(await status(port, '/api/none')).toBe(404)
    child.kill()
  })

if (isNode)
  it('testing-your-app passes', async () => {
    const { code, out } = await run(['--test', '--test-isolation=none', await built('testing-your-app/app.test.ts')])
    expect([code, out]).toEqual([0, expect.stringMatching(/pass 4\n[\s\S]*fail 0\n/)])
  })

if (isNode)
  it('with-server needs nothing else than the example', async () => {
    const [server, program] = [await built('node-cli/with-server.ts'), await built('node-cli/main.ts')]
    const { code, out } = await run([server, process.execPath, program])
    expect([code, out]).toEqual([0, expect.stringContaining("account: 'ada'")])
    expect((await run([server, process.execPath, program, 'nothing'])).code).toBe(1)
  })

if (sqlite)
  it('own-store signs in, and refreshes once for ten callers', async () => {
    const program = await built('own-store/main.ts')
    const more = { DATABASE: join(folder.path, 'tokens.db') }
    const first = await run([...runtime, program], more)
    expect(first).toMatchObject({ code: 0, out: expect.stringContaining('1 token for 10 callers') })
    expect(await run([...runtime, program], more)).toMatchObject({
      code: 0,
      err: expect.not.stringContaining('sign in'),
    })
    expect(running.server.history.count({ reuse: true })).toBe(0)
  })

if (sqlite) {
  let number = 0
  storeContract(
    'an SQLite database of their own',
    async () => {
      const { sqliteStore } = (await import(await built('own-store/sqlite-store.ts'))) as {
        sqliteStore: (path: string) => Store
      }
      number += 1
      const path = join(folder.path, `contract-${number}.db`)
      return { store: sqliteStore(path), again: async () => sqliteStore(path), destroy: async () => undefined }
    },
    { increments: 60, watches: false },
  )
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** By `node:http`, since `fetch` chooses the host itself. */
async function status(port: number, path: string, headers: Readonly<Record<string, string>> = {}): Promise<number> {
  const { get } = await import('node:http')
  return new Promise((resolve) => {
    get({ host: '127.0.0.1', port, path, headers }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    }).on('error', () => resolve(0))
  })
}
