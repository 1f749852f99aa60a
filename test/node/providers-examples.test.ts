import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'
import { providerRig } from './providers-rig.ts'
import type { ProviderRig } from './providers-rig.ts'

// Two threads and a fresh process, perhaps on a busy machine.
vi.setConfig({ testTimeout: 70_000 })

const root = new URL('../../', import.meta.url)
const runtime = 'Deno' in globalThis ? ['run', '-A', '--node-modules-dir=manual', '--no-lock'] : []

let rig: ProviderRig | undefined
let folder = ''

afterEach(async () => {
  await rig?.close()
  await rm(folder, { recursive: true })
})

/** Runs an example as it stands, but for where the library and the server are. A person pastes what the page shows. */
async function run(name: string, made: ProviderRig): Promise<{ out: string; err: string; status: number | null }> {
  folder = await mkdtemp(join(tmpdir(), 'example-'))
  const text = await readFile(new URL(`examples/${name}.ts`, root), 'utf8')
  const { origin } = made
  const endpoints = { authorization: `${origin}/oauth/authorize`, token: `${origin}/v1/oauth/token` }
  const redirectUri = `${origin}/oauth/code/callback`
  const here = { endpoints, redirectUri, apiOrigins: [origin], allowInsecureLoopback: true }
  const moved = text
    .replace("'latchkey/blocking'", JSON.stringify(new URL('src/blocking/index.ts', root).href))
    .replace('createOAuthClient()', `createOAuthClient(${JSON.stringify(here)})`)
  expect(moved.match(/\bawait \w/)).toBeNull()
  const program = join(folder, 'example.mts')
  await writeFile(program, moved)
  const env = { PATH: process.env['PATH'] ?? '', HOME: folder }
  const child = spawn(process.execPath, [...runtime, program], { stdio: 'pipe', env })
  const limit = setTimeout(() => child.kill('SIGKILL'), 60_000)
  let [out, err, pasted] = ['', '', false]
  child.stdout.on('data', (chunk) => (out += String(chunk)))
  child.stderr.on('data', async (chunk) => {
    err += String(chunk)
    const address = err.split('\n').find((line) => line.startsWith(`${origin}/oauth/authorize?`))
    if (pasted || address === undefined || !err.includes('Paste')) return
    pasted = true
    const page = await (await fetch(await made.server.approve(address))).text()
    child.stdin.end(`${/<code>([^<]+)<\/code>/.exec(page)?.[1]}\n`)
  })
  return new Promise((resolve) => {
    child.on('close', (status) => {
      clearTimeout(limit)
      resolve({ out, err, status })
    })
  })
}

it('anthropic-console-api-key prints a key, and nothing else, to its output', async () => {
  rig = await providerRig({ provider: 'anthropic' })
  const { out, err, status } = await run('anthropic-console-api-key', rig)
  expect([err.includes('Error'), status]).toEqual([false, 0])
  expect(rig.server.apiKeys).toEqual([out])
})

it('anthropic-max-subscription signs in and renews, and shows no token', async () => {
  rig = await providerRig({ provider: 'anthropic' })
  const { out, err, status } = await run('anthropic-max-subscription', rig)
  expect([out, status]).toEqual(['', 0])
  expect(err).toContain('Signed in, for user:profile, user:inference, until 2')
  expect(err).toContain('Renewed until 2')
  expect(err).not.toContain('sk-ant-')
  expect(rig.at('/v1/oauth/token').map(({ fields }) => fields['grant_type'])).toEqual([
    'authorization_code',
    'refresh_token',
  ])
})
