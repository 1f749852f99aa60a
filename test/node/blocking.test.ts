import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { providerRig } from './providers-rig.ts'
import type { ProviderRig } from './providers-rig.ts'

// A fresh process and two threads, perhaps on a busy machine.
vi.setConfig({ testTimeout: 70_000 })

const program = fileURLToPath(new URL('./blocking-child.ts', import.meta.url))
const runtime = 'Deno' in globalThis ? ['run', '-A', '--node-modules-dir=manual', '--no-lock'] : []

let folder = ''
let rig: ProviderRig | undefined

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'blocking-'))
})
afterEach(async () => {
  await rig?.close()
  await rm(folder, { recursive: true })
})

interface Ending {
  readonly value?: Record<string, unknown>
  readonly code?: string
  readonly message?: string
  readonly detail?: unknown
}

/** Runs the script. The first address that it prints is visited as a person would. */
function run(made: ProviderRig, job: string, hear?: (line: string) => void): Promise<Ending> {
  const file = join(folder, 'auth.json')
  const child = spawn(process.execPath, [...runtime, program, made.origin, file, job], { stdio: 'pipe' })
  const limit = setTimeout(() => child.kill('SIGKILL'), 60_000)
  const visits: Promise<unknown>[] = []
  let [out, err, visited] = ['', '', false]
  child.stdout.on('data', (chunk) => (out += String(chunk)))
  child.stderr.on('data', (chunk) => {
    err += String(chunk)
    for (const line of err.split('\n').slice(0, -1)) hear?.(line)
    const address = err.split('\n').find((line) => /^http:\S+\/authorize\?\S+$/.test(line))
    if (address === undefined || visited || !err.includes(`${address}\n`)) return
    visited = true
    visits.push(visit(made, address))
  })
  return new Promise((resolve, reject) => {
    child.on('close', async () => {
      clearTimeout(limit)
      await Promise.allSettled(visits)
      if (out === '') reject(new Error(err))
      else resolve(JSON.parse(out) as Ending)
    })
  })
}

async function visit({ server }: ProviderRig, address: string): Promise<void> {
  await fetch(await server.approve(address))
}

describe('latchkey/blocking', () => {
  it('starts a flow, exchanges, renews and creates a key without an await', async () => {
    rig = await providerRig({ provider: 'anthropic' })
    const { value } = await run(rig, 'client')
    expect(value).toMatchObject({
      flow: { mode: 'console' },
      tokens: { accessToken: expect.stringMatching(/^sk-ant-oat01-/), tokenType: 'Bearer' },
      next: { refreshToken: expect.stringMatching(/^sk-ant-ort01-/) },
      apiKey: rig.server.apiKeys[0],
    })
    expect(rig.at('/v1/oauth/token').map(({ fields }) => fields['grant_type'])).toEqual([
      'authorization_code',
      'refresh_token',
    ])
  })

  it('has every step by itself: addresses, exchange, files, fresh tokens', async () => {
    rig = await providerRig({ provider: 'anthropic' })
    const { value } = await run(rig, 'steps')
    expect(value).toMatchObject({
      opened: false,
      expired: false,
      slots: ['anthropic', 'other'],
      stored: { tokens: { accessToken: 'other' } },
    })
    const sent = rig.at('/v1/oauth/token').map(({ fields }) => fields['grant_type'])
    expect(sent).toEqual(['authorization_code', 'refresh_token', 'refresh_token'])
  })

  it('signs in by the browser, and saves what it was given', async () => {
    rig = await providerRig({ provider: 'anthropic' })
    const { value } = await run(rig, 'login')
    expect(value).toMatchObject({ saved: true, account: { email: 'ada@example.com' } })
    const file = JSON.parse(await readFile(join(folder, 'auth.json'), 'utf8')) as Record<string, Record<string, string>>
    expect(file['anthropic']?.['access']).toMatch(/^sk-ant-oat01-/)
    expect(value).toMatchObject({ tokens: { accessToken: file['anthropic']?.['access'] } })
  })

  it('signs in with Codex, whose readers are put back on the other side', async () => {
    rig = await providerRig({ provider: 'openai-codex', anyPort: true })
    const { value } = await run(rig, 'codex')
    expect(value).toMatchObject({ saved: true, account: { accountId: 'account-0001' } })
  })

  it('saves what comes too late for whoever asked', async () => {
    rig = await providerRig({ provider: 'anthropic' })
    await run(rig, 'login')
    const read = async (): Promise<Record<string, unknown>> =>
      JSON.parse(await readFile(join(folder, 'auth.json'), 'utf8')).anthropic
    const before = await read()
    const held = rig.server.faults.hold('token', { when: 'after-commit' })
    const { value } = await run(rig, 'late', (line) => void (line === 'gave up' && held.release()))
    expect(value).toEqual({ code: 'timeout' })
    const after = await read()
    expect(after['refresh']).not.toBe(before['refresh'])
    expect(after).not.toHaveProperty('intent')
  })

  it('finds a callback server again in the thread that has it', async () => {
    rig = await providerRig({ provider: 'anthropic' })
    const visits = new Map<string, Promise<unknown>>()
    const hear = (line: string): void => {
      if (line.includes('state=one') && !visits.has(line)) visits.set(line, fetch(line))
    }
    const { value } = await run(rig, 'replaced', hear)
    expect([value]).toEqual([...visits.keys()].map((callback) => ({ callback })))
    await Promise.allSettled(visits.values())
  })

  it('fails with the same errors, and no secret in them', async () => {
    rig = await providerRig({ provider: 'anthropic' })
    const mismatch = await run(rig, 'mismatch')
    expect(mismatch).toMatchObject({ code: 'state_mismatch', detail: { reason: 'unknown' } })
    expect(mismatch.message).not.toContain('another-state')
    expect(await run(rig, 'mistake')).toMatchObject({ code: 'TypeError', message: 'There is no refresh token.' })
    expect(await run(rig, 'readers')).toMatchObject({ code: 'unsupported' })
    expect(await run(rig, 'replacedReader')).toMatchObject({ code: 'unsupported' })
  })
})
