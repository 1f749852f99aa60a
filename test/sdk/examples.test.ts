import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createClient } from '../../src/client/create-client.ts'
import type { Provider } from '../../src/contracts.ts'
import { installationId } from '../../src/node/index.ts'
import { anthropicPlatform } from '../../src/providers/anthropic.ts'
import { chatgpt } from '../../src/providers/openai.ts'
import { fileStore } from '../../src/stores/file.node.ts'
import { createProviderServer } from '../../src/testing/index.ts'
import type { ProviderServerOptions } from '../../src/testing/index.ts'
import { listen } from '../../src/testing/listen.node.ts'
import { createProtectedMcpServer } from './mcp-server.ts'
import { strayKeys } from './rig.ts'
import { stageExamples, staged } from './stage-examples.ts'
import { text } from './vendor-answers.ts'
import { createVendorServer } from './vendor-server.ts'

let folder = ''

beforeEach(async () => {
  stageExamples()
  folder = await mkdtemp(join(tmpdir(), 'example-'))
})

afterEach(() => rm(folder, { recursive: true }))

const authFile = (): string => join(folder, 'auth.json')

interface Ended {
  readonly out: string
  readonly err: string
  readonly status: number | null
}

/** Runs an example as a person would, who visits whatever address it shows. */
function run(
  name: Parameters<typeof staged>[0],
  {
    double,
    args = [],
    visit,
  }: { double: string; args?: readonly string[]; visit?: (address: string) => Promise<void> },
): Promise<Ended> {
  const rewire = fileURLToPath(new URL('rewire.ts', import.meta.url))
  const env = { ...strayKeys, PATH: process.env['PATH'] ?? '', LATCHKEY_AUTH_FILE: authFile(), DOUBLE: double }
  const child = spawn(process.execPath, ['--import', rewire, fileURLToPath(staged(name)), ...args], { env })
  const limit = setTimeout(() => child.kill('SIGKILL'), 25_000)
  let [out, err, visited] = ['', '', false]
  child.stdout.on('data', (chunk) => (out += String(chunk)))
  child.stderr.on('data', (chunk) => {
    err += String(chunk)
    const address = /^http\S+$/m.exec(err)?.[0]
    if (visited || address === undefined) return
    visited = true
    void visit?.(address)
  })
  return new Promise((resolve) => {
    child.on('close', (status) => {
      clearTimeout(limit)
      resolve({ out, err, status })
    })
  })
}

describe.each([
  {
    name: 'anthropic-sdk' as const,
    provider: 'anthropic' as const,
    issuer: 'https://platform.claude.com',
    row: async () => anthropicPlatform(),
    redirectUri: 'http://localhost:8765/callback',
  },
  {
    name: 'ai-sdk' as const,
    provider: 'openai-chatgpt' as const,
    issuer: 'https://auth.openai.com',
    row: async () =>
      chatgpt({ agentName: 'Test', installation: await installationId(join(folder, 'installation-id')) }),
    redirectUri: 'http://127.0.0.1:8765/auth/callback',
  },
])('examples/$name', ({ name, row, redirectUri, ...options }) => {
  it('streams what the model says, and renews a refused token, once', async () => {
    const { server, calls, running } = await startVendor(options)
    try {
      await signIn(await row(), { server, redirectUri })
      server.revokeAccessTokens()
      const { out, err, status } = await run(name, { double: running.origin })
      expect([out, err, status]).toEqual([text, '', 0])
      expect(calls.map((call) => call.status)).toEqual([401, 200])
      expect(server.history.count({ endpoint: 'token', grant: 'refresh_token' })).toBe(1)
    } finally {
      await running.close()
    }
  })
})

async function startVendor(options: ProviderServerOptions & { readonly issuer: string }) {
  const server = createProviderServer(options)
  const vendor = createVendorServer(server)
  return { server, calls: vendor.calls, running: await listen(vendor) }
}

async function signIn(
  provider: Provider,
  { server, redirectUri }: { server: ReturnType<typeof createProviderServer>; redirectUri: string },
): Promise<void> {
  const { fetch } = createVendorServer(server)
  const client = createClient({ provider, redirectUri, store: fileStore({ path: authFile() }), fetch })
  const { url } = await client.start()
  await client.finish(await server.approve(url))
}

describe('examples/mcp-client', () => {
  it('signs in where the server says, calls its tool, and needs nobody the next time', async () => {
    const running = await listen(createProtectedMcpServer)
    const { origin, server: mcp } = running
    const greet = { double: origin, args: [`${origin}/mcp`, 'greet'] }
    try {
      const first = await run('mcp-client', {
        ...greet,
        visit: async (address) => void (await fetch(await mcp.server.approve(address))),
      })
      expect([first.out, first.status]).toEqual(['[{"type":"text","text":"Good morning, Ada"}]\n', 0])
      mcp.server.revokeAccessTokens()
      const second = await run('mcp-client', greet)
      expect([second.out, second.err, second.status]).toEqual([first.out, '', 0])
      expect(mcp.registrations()).toBe(1)
    } finally {
      await running.close()
    }
  })
})
