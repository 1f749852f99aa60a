import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as blocking from '../../src/blocking/index.ts'
import * as front from '../../src/index.ts'
import * as node from '../../src/node/index.ts'
import { anthropic } from '../../src/providers/anthropic.ts'
import * as openai from '../../src/providers/openai.ts'
import type { Provider, TokenSet } from '../../src/index.ts'
import { screen } from './node-client-rig.ts'
import { providerRig } from './providers-rig.ts'
import type { ProviderRig } from './providers-rig.ts'

const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8')
const section = /## From the Rust crates\n([\s\S]*?)<!-- \/ancestors -->/.exec(readme)?.[1] ?? ''
/** The rows of the table: the call as it stands there, and where it comes from. */
const rows = [...section.matchAll(/^\| (?:[^|]*?`[\w:]+[^|]*) \| `([^`]+)`[^|]* \| `([^`]+)` \|$/gm)].map(
  ([, call = '', entry = '']) => ({ call, entry, name: call.split('(')[0] ?? '' }),
)

const entries: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  latchkey: front,
  'latchkey/node': node,
  'latchkey/providers/openai': openai,
}

let rig: ProviderRig
let codexRig: ProviderRig
let folder = ''
let path = ''
let provider: Provider
let tokens: TokenSet
const wire = { allowInsecureLoopback: true }

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ancestors-'))
  path = join(folder, 'auth.json')
  rig = await providerRig({ provider: 'anthropic' })
  codexRig = await providerRig({ provider: 'openai-codex', anyPort: true })
  provider = rig.server.relocate(anthropic())
  const flow = oauthClient().startFlow('console')
  tokens = await oauthClient().exchangeCode(await rig.server.approve(flow.authorizationUrl), flow)
})
afterAll(async () => {
  await rig.close()
  await codexRig.close()
  await rm(folder, { recursive: true })
})

function oauthClient(config: node.OAuthConfig = {}): node.OAuthClient {
  const { endpoints } = rig.server.relocate(anthropic())
  return node.createOAuthClient({
    redirectPort: 53_692,
    ...(endpoints && { endpoints }),
    apiOrigins: [rig.origin],
    ...wire,
    ...config,
  })
}

const visits = (made: ProviderRig) => ({
  openBrowser: async (url: URL) => void (await fetch(await made.server.approve(url))),
  output: screen(),
  port: 0,
})

/** What each function does, by its call in the README. */
const calls: Readonly<Record<string, () => unknown>> = {
  'generateCodeVerifier()': () => expect(front.generateCodeVerifier()).toMatch(/^[\w-]{43}$/),
  'generateCodeChallenge(verifier)': async () => {
    // RFC 7636, appendix B.
    const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
    const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
    expect(await front.generateCodeChallenge(verifier)).toBe(challenge)
    expect(blocking.generateCodeChallenge(verifier)).toBe(challenge)
  },
  'generateState()': () => expect(front.generateState()).toMatch(/^[\w-]{43}$/),
  'isTokenExpired(tokens)': () => {
    expect(front.isTokenExpired(tokens)).toBe(false)
    expect(front.isTokenExpired({ expiresAt: Date.now() + 299_000 })).toBe(true)
  },
  'buildAuthUrl({ provider, challenge, state, port })': async () => {
    const challenge = await front.generateCodeChallenge(front.generateCodeVerifier())
    const state = front.generateState()
    const url = node.buildAuthUrl({ provider: anthropic({ mode: 'max' }), challenge, state, port: 53_692 })
    expect(url.origin + url.pathname).toBe('https://claude.ai/oauth/authorize')
    expect([...url.searchParams]).toEqual([
      ['code', 'true'],
      ['client_id', '9d1c250a-e61b-44d9-88ed-5944d1962f5e'],
      ['response_type', 'code'],
      ['redirect_uri', 'http://localhost:53692/callback'],
      ['scope', 'user:profile user:inference'],
      ['code_challenge', challenge],
      ['code_challenge_method', 'S256'],
      ['state', state],
    ])
    const hosted = anthropic({ redirect: { hosted: 'https://platform.claude.com/oauth/code/callback' } })
    expect(() => node.buildAuthUrl({ provider: hosted, challenge, state, port: 1 })).toThrow('redirectUri')
  },
  'startCallbackServer({ state, path, ports })': async () => {
    const server = await node.startCallbackServer({ state: 'mine', path: '/callback', ports: [0] })
    const page = fetch(`${server.redirectUri}?code=c&state=mine`)
    expect((await server.callback).searchParams.get('code')).toBe('c')
    await server.respond('signed-in')
    expect((await page).status).toBe(200)
  },
  'openBrowser(url)': async () => {
    expect(await node.openBrowser('https://claude.ai/', { env: {}, platform: 'linux' })).toBe(false)
  },
  'exchangeCodeForTokens({ provider, callback, state, verifier, port })': async () => {
    const [state, verifier, port] = [front.generateState(), front.generateCodeVerifier(), 40_123]
    const challenge = await front.generateCodeChallenge(verifier)
    const callback = await rig.server.approve(node.buildAuthUrl({ provider, challenge, state, port }))
    const given = await node.exchangeCodeForTokens({ provider, callback, state, verifier, port, ...wire })
    expect(given.accessToken).toMatch(/^sk-ant-oat01-/)
    expect(rig.at('/v1/oauth/token').at(-1)?.fields).toMatchObject({
      redirect_uri: `http://localhost:${port}/callback`,
    })
  },
  'refreshToken({ provider, tokens })': async () => {
    const next = await node.refreshToken({ provider, tokens, ...wire })
    expect(next.refreshToken).not.toBe(tokens.refreshToken)
    tokens = await node.refreshToken({ provider, tokens: next.refreshToken ?? '', ...wire })
    expect(tokens.accessToken).not.toBe(next.accessToken)
  },
  'authFilePath()': () => {
    expect(node.authFilePath({ env: {}, home: '/home/ada', platform: 'linux' })).toMatch(/latchkey.auth\.json$/)
  },
  'loadAuth()': async () => {
    await node.saveAuth({ tokens }, { path })
    expect(await node.loadAuth({ path })).toMatchObject({ anthropic: { tokens: { accessToken: tokens.accessToken } } })
    expect(await node.loadAuth({ path: join(folder, 'nobody.json') })).toEqual({})
  },
  'loadProviderAuth(slot)': async () => {
    expect(await node.loadProviderAuth('nobody', { path })).toBeUndefined()
    expect((await node.loadProviderAuth('anthropic', { path }))?.tokens.accessToken).toBe(tokens.accessToken)
  },
  'saveAuth(record)': async () => {
    await node.saveAuth({ tokens }, { path })
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ anthropic: { type: 'oauth' } })
  },
  'saveProviderAuth(slot, record)': async () => {
    await node.saveProviderAuth('other', { tokens }, { path })
    expect(Object.keys(JSON.parse(await readFile(path, 'utf8')) as object)).toEqual(['anthropic', 'other'])
  },
  'ensureFreshToken()': async () => {
    expect((await node.ensureFreshToken({ path })).accessToken).toBe(tokens.accessToken)
  },
  'ensureFreshProviderToken(provider)': async () => {
    const fresh = await node.ensureFreshProviderToken(provider, { path, forceRefresh: true, ...wire })
    expect(fresh.accessToken).not.toBe(tokens.accessToken)
    expect((await node.loadProviderAuth('anthropic', { path }))?.tokens).toEqual(fresh)
    tokens = fresh
  },
  'login()': async () => {
    const result = await node.login({ provider, path, signIn: visits(rig), client: wire })
    expect(result).toMatchObject({ saved: true, account: { email: 'ada@example.com' } })
    expect((await node.loadAuth({ path }))['anthropic']?.tokens).toEqual(result.tokens)
    tokens = result.tokens
  },
  'loginOpenAICodex()': async () => {
    const row = codexRig.server.relocate(openai.openaiCodex())
    const result = await node.loginOpenAICodex({ provider: row, path, signIn: visits(codexRig), client: wire })
    expect(result.account?.accountId).toBe('account-0001')
    expect(Object.keys(await node.loadAuth({ path }))).toContain('openai-codex')
  },
  'extractCodexAccountId(token)': async () => {
    const { tokens: codex } = (await node.loadProviderAuth('openai-codex', { path })) ?? {}
    expect(openai.extractCodexAccountId(codex?.accessToken ?? '')).toBe('account-0001')
  },
  'createOAuthClient()': () => {
    const flow = node.createOAuthClient().startFlow('max')
    expect(flow.redirectUri).toBe('https://platform.claude.com/oauth/code/callback')
  },
  'createOAuthClient({ clientId, redirectUri })': () => {
    const redirectUri = 'http://localhost:9999/callback'
    const flow = node.createOAuthClient({ clientId: 'mine', redirectUri }).startFlow('console')
    const { searchParams } = new URL(flow.authorizationUrl)
    expect([searchParams.get('client_id'), searchParams.get('redirect_uri')]).toEqual(['mine', redirectUri])
    expect(node.createOAuthClient({ redirectPort: 8080 }).startFlow('max').redirectUri).toBe(
      'http://localhost:8080/callback',
    )
  },
  "client.startFlow('max')": () => {
    const client = node.createOAuthClient()
    const hosts = (['max', 'console'] as const).map((mode) => new URL(client.startFlow(mode).authorizationUrl).host)
    expect(hosts).toEqual(['claude.ai', 'platform.claude.com'])
    expect(() => client.startFlow('other' as never)).toThrow(TypeError)
  },
  'client.exchangeCode(pasted, flow)': async () => {
    const flow = oauthClient().startFlow('console')
    const callback = await rig.server.approve(flow.authorizationUrl)
    const pasted = `${callback.searchParams.get('code')}#${callback.searchParams.get('state')}`
    expect((await oauthClient().exchangeCode(pasted, flow)).scopes).toEqual(['org:create_api_key', 'user:profile'])
  },
  'client.refreshToken(tokens)': async () => {
    const before = tokens
    tokens = await oauthClient().refreshToken(tokens)
    expect(tokens.refreshToken).not.toBe(before.refreshToken)
  },
  'client.createApiKey(tokens)': async () => {
    expect(await oauthClient().createApiKey(tokens)).toBe(rig.server.apiKeys.at(-1))
    expect(await oauthClient().createApiKey(tokens.accessToken)).toBe(rig.server.apiKeys.at(-1))
  },
}

describe('the table of the README', () => {
  it('names every function that is called here, and no other', () => {
    expect(rows.map(({ call }) => call)).toEqual(Object.keys(calls))
  })

  it.each(rows)('$call is found in $entry', ({ name, entry }) => {
    const bare = name.replace('client.', '')
    const found = name.startsWith('client.') ? Object.keys(oauthClient()) : Object.keys(entries[entry] ?? {})
    expect(found).toContain(bare)
  })

  it.each(Object.entries(calls))('%s does what it says', async (_call, run) => {
    await run()
    expect(rig.server.history.entries.length).toBeGreaterThan(0)
  })
})

it('has every function that needs no stream or server of its own also without an await', () => {
  const names = rows.filter(({ entry, name }) => entry !== 'latchkey/providers/openai' && !name.startsWith('client.'))
  for (const { name } of names) expect(Object.keys(blocking)).toContain(name)
})
