// The defects of the two crates that this project descends from. Each one is a test here.

import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  authFilePath,
  createOAuthClient,
  ensureFreshProviderToken,
  ensureFreshToken,
  loadAuth,
  login,
  loginOpenAICodex,
  openBrowser,
  refreshToken,
  saveAuth,
  saveProviderAuth,
  startCallbackServer,
} from '../../src/node/index.ts'
import type { OAuthClient } from '../../src/node/index.ts'
import { anthropic } from '../../src/providers/anthropic.ts'
import { openaiCodex } from '../../src/providers/openai.ts'
import { screen } from './node-client-rig.ts'
import { providerRig } from './providers-rig.ts'
import type { ProviderRig } from './providers-rig.ts'

const wire = { allowInsecureLoopback: true }
const tokens = {
  accessToken: 'sk-ant-oat01-access',
  refreshToken: 'sk-ant-ort01-refresh',
  tokenType: 'Bearer',
} as const
let folder = ''
let path = ''
let rig: ProviderRig

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'defects-'))
  path = join(folder, 'pi', 'auth.json')
  rig = await providerRig({ provider: 'anthropic' })
})
afterEach(async () => {
  await rig.close()
  await rm(folder, { recursive: true })
})

function client(redirectPort = 40_321): OAuthClient {
  const { endpoints } = rig.server.relocate(anthropic())
  return createOAuthClient({ redirectPort, ...(endpoints && { endpoints }), apiOrigins: [rig.origin], ...wire })
}

async function caught(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'nothing',
    (error: unknown) => error,
  )
}

describe('anthropic-auth', () => {
  it('1: the port that was configured is the one in the address and in the exchange', async () => {
    const flow = client(40_777).startFlow('console')
    await client(40_777).exchangeCode(await rig.server.approve(flow.authorizationUrl), flow)
    const redirectUri = 'http://localhost:40777/callback'
    expect(new URL(flow.authorizationUrl).searchParams.get('redirect_uri')).toBe(redirectUri)
    expect(rig.at('/v1/oauth/token')[0]?.fields['redirect_uri']).toBe(redirectUri)
  })

  it('2: no address is on the host that asks programs to prove they are browsers', () => {
    for (const mode of ['max', 'console'] as const) {
      const text = JSON.stringify([anthropic({ mode }), createOAuthClient().startFlow(mode)])
      expect(text).not.toContain('console.anthropic.com')
    }
  })

  it('3: a state that does not match is told without either state', async () => {
    const flow = client().startFlow('max')
    const error = await caught(client().exchangeCode('code#another-state', flow))
    expect(error).toMatchObject({ code: 'state_mismatch' })
    expect(inspect(error)).not.toContain('another-state')
    expect(inspect(error)).not.toContain(flow.state)
  })

  it('4: an answer without a new refresh token keeps the old one', async () => {
    const flow = client().startFlow('console')
    const first = await client().exchangeCode(await rig.server.approve(flow.authorizationUrl), flow)
    rig.server.faults.next('token', { fields: { refresh_token: undefined } })
    expect((await client().refreshToken(first)).refreshToken).toBe(first.refreshToken)
  })

  it('5: what stands in the callback is never written into the page', async () => {
    const server = await startCallbackServer({ state: 'mine', path: '/callback', hold: 50 })
    const query = new URLSearchParams({ error: '<script>alert(1)</script>', state: 'mine' })
    const page = fetch(`${server.redirectUri}?${query}`)
    await server.callback
    await server.respond('failed')
    expect(await (await page).text()).not.toContain('alert(1)')
  })

  it('6: the port is free again when the sign-in is over', async () => {
    const server = await startCallbackServer({ state: 'mine', path: '/callback' })
    await server.close()
    const bound = await new Promise((resolve) => {
      const again = createServer().listen(server.port, '127.0.0.1', () => again.close(() => resolve(true)))
      again.on('error', resolve)
    })
    expect(bound).toBe(true)
  })

  it('7: a request with a wrong state does not end the sign-in', async () => {
    const server = await startCallbackServer({ state: 'mine', path: '/callback' })
    expect((await fetch(`${server.redirectUri}?code=c&state=wrong`)).status).toBe(400)
    void fetch(`${server.redirectUri}?code=good&state=mine`).catch(() => undefined)
    expect((await server.callback).searchParams.get('code')).toBe('good')
    await server.close()
  })

  it('8: an error holds nothing of the body that the server wrote', async () => {
    rig.server.faults.next('token', {
      status: 400,
      body: { error: 'invalid_grant', error_description: `no: ${tokens.refreshToken}`, echo: tokens.refreshToken },
    })
    const error = await caught(client().refreshToken(tokens))
    expect(error).toMatchObject({ code: 'authorization_failed', detail: { error: 'invalid_grant' } })
    for (const text of [inspect(error, { depth: 9, showHidden: true }), JSON.stringify(error)]) {
      expect(text).not.toContain(tokens.refreshToken)
    }
  })

  it('9: a token of a whole year is taken, whatever the clocks say', async () => {
    const flow = client().startFlow('max')
    rig.server.faults.next('token', { fields: { expires_in: 31_536_001 } })
    const given = await client().exchangeCode(await rig.server.approve(flow.authorizationUrl), flow)
    expect((given.expiresAt ?? 0) - Date.now()).toBeGreaterThan(31_535_000_000)
  })

  it('10: a key cannot be created with the tokens of a plan', async () => {
    const flow = client().startFlow('max')
    const given = await client().exchangeCode(await rig.server.approve(flow.authorizationUrl), flow)
    await expect(client().createApiKey(given)).rejects.toMatchObject({ code: 'scope_missing' })
    expect(rig.at('/api/oauth/claude_cli/create_api_key')).toEqual([])
  })
})

describe('synaps-cli', () => {
  it('1: somebody who signed in with Codex alone is found', async () => {
    await saveProviderAuth('openai-codex', { tokens }, { path })
    expect(Object.keys(await loadAuth({ path }))).toEqual(['openai-codex'])
    await expect(ensureFreshToken({ path })).rejects.toMatchObject({ code: 'sign_in_required' })
  })

  it('2: a refresh keeps every other entry and every field that is not ours, byte for byte', async () => {
    const flow = client().startFlow('console')
    const given = await client().exchangeCode(await rig.server.approve(flow.authorizationUrl), flow)
    const others =
      '"github-copilot": { "type":"oauth",  "refresh":"r", "access":"a", "expires":1, "enterpriseUrl":"x" }'
    const mine = `"anthropic": {"type":"oauth","refresh":"${given.refreshToken}","access":"old","expires":1,"theirs":[1, 2]}`
    await mkdir(dirname(path))
    await writeFile(path, `{ ${others}, ${mine} }`)
    await ensureFreshProviderToken(rig.server.relocate(anthropic()), { path, ...wire })
    const text = await readFile(path, 'utf8')
    expect(text).toContain(others)
    expect(text).toContain('"theirs":[1, 2]')
    expect(text).not.toContain('"access":"old"')
  })

  it('3: whoever reads while it is written finds a complete file', async () => {
    await saveAuth({ tokens }, { path })
    let writing = true
    const writes = Promise.all(
      Array.from({ length: 20 }, (_, n) => saveProviderAuth(`slot-${n}`, { tokens }, { path })),
    ).finally(() => (writing = false))
    let reads = 0
    while (writing) {
      expect(JSON.parse(await readFile(path, 'utf8'))).toHaveProperty('anthropic')
      reads += 1
    }
    await writes
    expect(reads).toBeGreaterThan(0)
    expect(Object.keys(await loadAuth({ path }))).toHaveLength(21)
  })

  it("4: everyone who writes waits for one lock, which is Pi's", async () => {
    await saveAuth({ tokens }, { path })
    await mkdir(`${path}.lock`)
    const save = await caught(saveAuth({ tokens }, { path, lockTimeout: 100 }))
    expect(save).toMatchObject({ code: 'lock_timeout' })
    await rm(`${path}.lock`, { recursive: true })
    await saveAuth({ tokens }, { path, lockTimeout: 5000 })
    expect(Object.keys(await loadAuth({ path }))).toEqual(['anthropic'])
  })

  it('5: of two who refresh Codex at once, one asks the server', async () => {
    const codex = await providerRig({ provider: 'openai-codex', anyPort: true })
    try {
      const provider = codex.server.relocate(openaiCodex())
      const browse = async (url: URL): Promise<unknown> => fetch(await codex.server.approve(url))
      await loginOpenAICodex({
        provider,
        path,
        client: wire,
        signIn: { openBrowser: browse, output: screen(), port: 0 },
      })
      const text = (await readFile(path, 'utf8')).replace(/"expires": \d+/, '"expires": 1')
      await writeFile(path, text)
      const got = await Promise.all([1, 2, 3].map(() => ensureFreshProviderToken(provider, { path, ...wire })))
      expect(new Set(got.map(({ accessToken }) => accessToken)).size).toBe(1)
      expect(codex.at('/oauth/token').filter(({ fields }) => fields['grant_type'] === 'refresh_token')).toHaveLength(1)
    } finally {
      await codex.close()
    }
  })

  it('6: one place is read and written, whichever it is', () => {
    const env = { LATCHKEY_AUTH_FILE: path, SYNAPS_PROFILE: 'work' }
    expect(authFilePath({ env })).toBe(path)
  })

  it('7: an input that ends does not end a sign-in that the browser can still finish', async () => {
    const provider = rig.server.relocate(anthropic())
    const browse = async (url: URL): Promise<unknown> => {
      await new Promise((resolve) => setTimeout(resolve, 50))
      return fetch(await rig.server.approve(url))
    }
    const signIn = { input: Readable.from([]), openBrowser: browse, output: screen() }
    expect(await login({ provider, path, client: wire, signIn })).toMatchObject({ saved: true })
  })

  it('8: a code without its state is refused', async () => {
    const flow = client().startFlow('max')
    const callback = await rig.server.approve(flow.authorizationUrl)
    const code = callback.searchParams.get('code') ?? ''
    await expect(client().exchangeCode(code, flow)).rejects.toMatchObject({ code: 'invalid_callback' })
    await expect(client().exchangeCode(new URLSearchParams({ code }), flow)).rejects.toMatchObject({
      code: 'state_mismatch',
    })
    expect(rig.at('/v1/oauth/token')).toEqual([])
  })

  it('9: Windows is given the whole address, not what stands before the first ampersand', async () => {
    const started: (readonly string[])[] = []
    const spawn = (command: string, args: readonly string[]): never => {
      started.push([command, ...args])
      throw new Error('not here')
    }
    await openBrowser('https://claude.ai/oauth/authorize?a=1&b=2', { platform: 'win32', env: {}, spawn })
    expect(started.flat()).toContain('https://claude.ai/oauth/authorize?a=1&b=2')
    expect(started.flat().join(' ')).not.toContain('cmd')
  })

  it.runIf(process.platform !== 'win32')(
    '10: nobody else can read the file or its folder, not even at first',
    async () => {
      await saveAuth({ tokens }, { path })
      const modes = await Promise.all([path, dirname(path)].map(async (file) => (await stat(file)).mode & 0o777))
      expect(modes).toEqual([0o600, 0o700])
    },
  )

  it('11: a person without a Codex account keeps the tokens', async () => {
    const codex = await providerRig({ provider: 'openai-codex', anyPort: true, accountId: '' })
    try {
      const provider = codex.server.relocate(openaiCodex())
      const browse = async (url: URL): Promise<unknown> => fetch(await codex.server.approve(url))
      const signIn = { openBrowser: browse, output: screen(), port: 0 }
      const result = await loginOpenAICodex({ provider, path, client: wire, signIn })
      expect(result.saved).toBe(true)
      expect(result.account?.accountId).toBeUndefined()
    } finally {
      await codex.close()
    }
  })

  it('12: a lock that nobody lets go is waited for no longer than was said', async () => {
    await saveAuth({ tokens: { ...tokens, expiresAt: 1 } }, { path })
    await mkdir(`${path}.lock`)
    const provider = rig.server.relocate(anthropic())
    const before = performance.now()
    await expect(ensureFreshProviderToken(provider, { path, lockTimeout: 200, ...wire })).rejects.toMatchObject({
      code: 'lock_timeout',
    })
    expect(performance.now() - before).toBeLessThan(10_000)
    expect(rig.at('/v1/oauth/token')).toEqual([])
  })
})

describe('refreshToken', () => {
  it('gives the new refresh token even if the rest of the answer is of no use', async () => {
    const flow = client().startFlow('console')
    const given = await client().exchangeCode(await rig.server.approve(flow.authorizationUrl), flow)
    rig.server.faults.next('token', { fields: { access_token: undefined } })
    const provider = rig.server.relocate(anthropic())
    const next = await refreshToken({ provider, tokens: given, ...wire })
    expect(next).toMatchObject({ expiresAt: 0 })
    expect(next.refreshToken).not.toBe(given.refreshToken)
  })
})
