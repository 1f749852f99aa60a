import { afterEach, describe, expect, it } from 'vitest'
import { generateCodeChallenge } from '../../src/core/index.ts'
import { createOAuthClient } from '../../src/node/oauth-client.ts'
import { anthropic, anthropicPlatform, createApiKey } from '../../src/providers/anthropic.ts'
import { providerFaults } from '../../src/testing/index.ts'
import { providerRig, signIn } from './providers-rig.ts'
import type { ProviderRig } from './providers-rig.ts'

const clientId = '9d1c250a-e61b-44d9-88ed-5944d1962f5e'
const redirectUri = 'http://localhost:53692/callback'
const rigs: ProviderRig[] = []

afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.close()
})

async function rig(options: Partial<Parameters<typeof providerRig>[0]> = {}): Promise<ProviderRig> {
  const made = await providerRig({ provider: 'anthropic', ...options })
  rigs.push(made)
  return made
}

describe.each([
  { mode: 'console', path: '/oauth/authorize', scope: 'org:create_api_key user:profile' },
  { mode: 'max', path: '/oauth/authorize', scope: 'user:profile user:inference' },
] as const)('anthropic, $mode', ({ mode, path, scope }) => {
  it('signs in, refreshes and signs out with the fields and headers that are known', async () => {
    const { at, client: make, server, origin, ...rest } = await rig()
    const client = make(anthropic({ mode }))
    const url = await signIn({ ...rest, at, client: make, server, origin }, client, redirectUri)

    expect(url.pathname).toBe(path)
    const asked = Object.fromEntries(url.searchParams)
    expect(asked).toEqual({
      code: 'true',
      client_id: clientId,
      response_type: 'code',
      redirect_uri: redirectUri,
      scope,
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
      state: expect.stringMatching(/^[\w-]{43}$/),
    })

    const [exchange, ...more] = at('/v1/oauth/token')
    expect(more).toEqual([])
    expect(exchange?.type).toBe('application/json')
    expect(exchange?.headers.get('accept')).toBe('application/json')
    expect(exchange?.headers.get('user-agent')).toBe('latchkey')
    expect(exchange?.headers.has('anthropic-beta')).toBe(false)
    expect(exchange?.headers.has('x-app')).toBe(false)
    expect(exchange?.fields).toEqual({
      grant_type: 'authorization_code',
      client_id: clientId,
      code: expect.any(String),
      state: asked['state'],
      redirect_uri: redirectUri,
      code_verifier: expect.stringMatching(/^[\w-]{43}$/),
    })
    expect(await generateCodeChallenge(String(exchange?.fields['code_verifier']))).toBe(asked['code_challenge'])

    const first = await client.getToken()
    expect(first.accessToken).toMatch(/^sk-ant-oat01-/)
    expect(first.refreshToken).toMatch(/^sk-ant-ort01-/)
    expect(first.scopes).toEqual(scope.split(' '))
    expect((first.expiresAt ?? 0) - (first.obtainedAt ?? 0)).toBe(28_800_000)

    const second = await client.getToken({ forceRefresh: true })
    const [refresh] = at('/v1/oauth/token')
    expect(refresh?.type).toBe('application/json')
    expect(refresh?.fields).toEqual({
      grant_type: 'refresh_token',
      refresh_token: first.refreshToken,
      client_id: clientId,
    })
    expect(second.refreshToken).not.toBe(first.refreshToken)

    const response = await client.fetch(`${server.apiUrl}/echo`)
    const [call] = at('/test-api/echo')
    expect(response.status).toBe(200)
    expect(call?.headers.get('authorization')).toBe(`Bearer ${second.accessToken}`)
    expect(call?.headers.get('anthropic-version')).toBe('2023-06-01')
    expect(call?.headers.get('anthropic-beta')).toBe('oauth-2025-04-20')
    expect(call?.headers.has('x-api-key')).toBe(false)

    expect(await client.signOut()).toEqual({ revocation: 'unsupported' })
    await expect(client.getToken()).rejects.toMatchObject({ code: 'sign_in_required' })
  })
})

describe('anthropic', () => {
  it('says who signed in, and reads the address under both of its names', async () => {
    const { client: make, server } = await rig()
    const client = make(anthropic())
    const { url } = await client.start({ redirectUri })
    const { account } = await client.finish(await server.approve(url))
    expect(account).toEqual({
      key: 'https://platform.claude.com|ada',
      issuer: 'https://platform.claude.com',
      subject: 'ada',
      email: 'ada@example.com',
      organization: 'Analytical Engines',
    })
    expect(anthropic().readAccount?.({ account: { uuid: 'u', email: 'e@example.com' } })).toMatchObject({
      email: 'e@example.com',
    })
    expect(anthropic().readAccount?.({})).toBeUndefined()
  })

  it('shows the code and its state on the hosted page, which is what a person pastes', async () => {
    const { client: make, server, origin } = await rig()
    const client = make(anthropic({ mode: 'max' }))
    const { url } = await client.start({ redirectUri: `${origin}/oauth/code/callback` })
    const page = await (await fetch(await server.approve(url))).text()
    const pasted = /<code>([^<]+)<\/code>/.exec(page)?.[1] ?? ''
    expect(pasted).toMatch(/^[\w-]+#[\w-]{43}$/)
    await client.finish(pasted)
    expect(client.getSnapshot().status).toBe('signed-in')
  })

  it('is shown an error page, not a way back, when the state is short or code=true is missing', async () => {
    const { client: make, server } = await rig()
    const client = make(anthropic())
    for (const [name, value] of [
      ['state', 'A'.repeat(22)],
      ['code', 'false'],
    ] as const) {
      const { url } = await client.start({ redirectUri })
      url.searchParams.set(name, value)
      await expect(server.approve(url)).rejects.toThrow('Invalid request format')
      expect((await fetch(url)).status).toBe(400)
    }
  })

  it('is refused by the server when it sends no state, or another one, with the code', async () => {
    const { client: make, server } = await rig()
    const client = make({ ...anthropic(), tokenRequest: { encoding: 'json' } })
    const { url } = await client.start({ redirectUri })
    await expect(client.finish(await server.approve(url))).rejects.toMatchObject({
      code: 'authorization_failed',
      detail: { error: 'oauth_request_parse_error', status: 400 },
    })
  })

  it.each([
    { name: 'rateLimit', code: 'rate_limited', detail: { status: 429, retryAt: expect.any(Number) } },
    { name: 'rateLimitOfApi', code: 'rate_limited', detail: { status: 429 } },
    { name: 'forbidden', code: 'authorization_failed', detail: { error: 'forbidden', status: 403 } },
    { name: 'region', code: 'authorization_failed', detail: { error: 'unsupported_country_region_territory' } },
    { name: 'challenge', code: 'invalid_response', detail: { status: 403 } },
    { name: 'outage', code: 'server_error', detail: { status: 502 } },
  ] as const)('keeps the session when a refresh meets $name', async ({ name, code, detail }) => {
    const made = await rig()
    const client = made.client(anthropic())
    await signIn(made, client, redirectUri)
    made.server.faults.next('token', providerFaults[name])
    await expect(client.getToken({ forceRefresh: true })).rejects.toMatchObject({ code, detail })
    expect((await client.getToken()).accessToken).toMatch(/^sk-ant-oat01-/)
  })

  it('asks for a new sign-in when the refresh token is dead, and for nothing less', async () => {
    const made = await rig()
    const client = made.client(anthropic())
    await signIn(made, client, redirectUri)
    made.server.revokeSessions()
    await expect(client.getToken({ forceRefresh: true })).rejects.toMatchObject({
      code: 'sign_in_required',
      detail: { reason: 'rejected', error: 'invalid_grant' },
    })
  })

  it('copes with answers that lack a refresh token, a lifetime, or a part of the scopes', async () => {
    const made = await rig()
    const client = made.client(anthropic())
    const { url } = await client.start({ redirectUri })
    const result = await client.finish(await made.server.approve(url, { scopes: ['user:profile'] }))
    expect(result.missingScopes).toEqual(['org:create_api_key'])
    const { refreshToken } = await client.getToken()
    made.server.faults.next('token', { fields: { refresh_token: undefined, expires_in: undefined } })
    const next = await client.getToken({ forceRefresh: true })
    expect(next.refreshToken).toBe(refreshToken)
    expect(next.expiresAt).toBeUndefined()
  })
})

describe('anthropicPlatform', () => {
  it('signs in as the ant tool does: a form for the code, JSON with a beta header for a refresh', async () => {
    const made = await rig()
    const client = made.client(anthropicPlatform())
    const url = await signIn(made, client, 'http://localhost:40000/callback')
    expect(url.searchParams.has('code')).toBe(false)
    expect(url.searchParams.get('client_id')).toBe('41077d10-94b8-4194-be48-d251e9eb21b4')
    expect(url.searchParams.get('scope')).toBe('user:profile user:inference user:developer')
    await client.getToken({ forceRefresh: true })
    const [exchange, refresh] = made.at('/v1/oauth/token')
    expect(exchange?.type).toBe('application/x-www-form-urlencoded')
    expect(exchange?.headers.has('anthropic-beta')).toBe(false)
    expect(exchange?.fields).toEqual({
      grant_type: 'authorization_code',
      client_id: '41077d10-94b8-4194-be48-d251e9eb21b4',
      code: expect.any(String),
      code_verifier: expect.stringMatching(/^[\w-]{43}$/),
      redirect_uri: 'http://localhost:40000/callback',
      state: url.searchParams.get('state'),
    })
    expect(refresh?.type).toBe('application/json')
    expect(refresh?.headers.get('anthropic-beta')).toBe('oauth-2025-04-20')
    expect(refresh?.fields).toEqual({
      grant_type: 'refresh_token',
      client_id: '41077d10-94b8-4194-be48-d251e9eb21b4',
      refresh_token: expect.stringMatching(/^sk-ant-ort01-/),
    })
  })

  it('names the hosted page with the query that is registered with it, at both ends', async () => {
    const made = await rig()
    const { redirect } = made.server.relocate(anthropicPlatform())
    const hosted = redirect?.hosted ?? ''
    expect(hosted).toBe(`${made.origin}/oauth/code/callback?app=anthropic-cli`)
    const client = made.client(anthropicPlatform())
    const { url } = await client.start({ redirectUri: hosted })
    expect(url.searchParams.get('redirect_uri')).toBe(hosted)
    const page = await (await fetch(await made.server.approve(url))).text()
    await client.finish(/<code>([^<]+)<\/code>/.exec(page)?.[1] ?? '')
    expect(made.at('/v1/oauth/token')[0]?.fields['redirect_uri']).toBe(hosted)
  })

  it('names the workspace that the tokens work for, in each call too', async () => {
    const made = await rig()
    const client = made.client(anthropicPlatform())
    await signIn(made, client, 'http://localhost:40000/callback')
    expect(client.getSnapshot().account).toMatchObject({ subject: 'ada', accountId: 'wrkspc_0001' })
    await client.fetch(`${made.server.apiUrl}/echo`, { headers: { 'anthropic-beta': 'files-api-2025-04-14' } })
    const [call] = made.at('/test-api/echo')
    expect(call?.headers.get('anthropic-workspace-id')).toBe('wrkspc_0001')
    expect(call?.headers.get('anthropic-beta')).toBe('files-api-2025-04-14, oauth-2025-04-20')
    expect(call?.headers.get('anthropic-version')).toBe('2023-06-01')
  })

  it('takes a client id of your own', () => {
    expect(anthropicPlatform({ clientId: 'mine' }).clientId).toBe('mine')
  })
})

describe('createApiKey of createOAuthClient', () => {
  it('waits as long as it was told, and then says so', async () => {
    const client = createOAuthClient({ fetch: unanswered, timeout: 100 })
    await expect(client.createApiKey('at')).rejects.toMatchObject({ code: 'timeout', detail: { after: 100 } })
  })

  it('says that there is no network in our own words, not as a mistake of the caller', async () => {
    const fetch = async (): Promise<Response> => {
      throw new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED' } })
    }
    await expect(createOAuthClient({ fetch }).createApiKey('at')).rejects.toMatchObject({
      code: 'network',
      detail: { sent: 'no', reason: 'ECONNREFUSED' },
    })
  })
})

/** A server that never answers. */
function unanswered(_: unknown, init?: RequestInit): Promise<Response> {
  return new Promise((_resolve, reject) => {
    init?.signal?.addEventListener('abort', () => reject(init.signal?.reason))
  })
}

describe('createApiKey', () => {
  it('creates a key and gives it', async () => {
    const made = await rig()
    const client = made.client(anthropic())
    await signIn(made, client, redirectUri)
    const key = await createApiKey(client)
    expect([key]).toEqual(made.server.apiKeys)
    const [request] = made.at('/api/oauth/claude_cli/create_api_key')
    expect(request?.method).toBe('POST')
    expect(request?.body).toBe('{}')
    expect(request?.headers.get('authorization')).toBe(`Bearer ${await client.getAccessToken()}`)
  })

  it('gives scope_missing when the scope was not granted, and asks nobody', async () => {
    const made = await rig()
    const client = made.client(anthropic())
    const { url } = await client.start({ redirectUri })
    await client.finish(await made.server.approve(url, { scopes: ['user:profile'] }))
    await expect(createApiKey(client)).rejects.toMatchObject({
      code: 'scope_missing',
      detail: { missing: ['org:create_api_key'] },
    })
    expect(made.at('/api/oauth/claude_cli/create_api_key')).toEqual([])
  })

  it("gives scope_missing when only the server knows that the scope is missing, not the server's text", async () => {
    const made = await rig()
    made.server.tamper.tokenResponse = ({ scope: _, ...answer }) => answer
    const client = made.client(anthropic())
    const { url } = await client.start({ redirectUri })
    await client.finish(await made.server.approve(url, { scopes: ['user:profile'] }))
    await expect(createApiKey(client)).rejects.toMatchObject({ code: 'scope_missing' })
  })

  it('is a matter of configuration in Max mode, even for a token that would do', async () => {
    const made = await rig()
    const client = made.client(anthropic({ mode: 'max' }), { scopes: ['org:create_api_key'] })
    await signIn(made, client, redirectUri)
    await expect(createApiKey(client)).rejects.toMatchObject({ code: 'config' })
    expect(made.at('/api/oauth/claude_cli/create_api_key')).toEqual([])
  })

  it.each([
    { status: 429, body: '{}', code: 'rate_limited' },
    { status: 503, body: '<html>', code: 'server_error' },
    { status: 403, body: '<!DOCTYPE html><title>Just a moment...</title>', code: 'invalid_response' },
    {
      status: 403,
      body: '{"error":{"type":"permission_error","message":"secret-token"}}',
      code: 'authorization_failed',
    },
    { status: 200, body: '{"raw_key":""}', code: 'invalid_response' },
    { status: 200, body: 'no', code: 'invalid_response' },
  ])('answers $status $body with $code, and never with a token', async ({ status, body, code }) => {
    const client = {
      provider: anthropic(),
      getToken: async () => ({ accessToken: 'secret-token', tokenType: 'Bearer' as const }),
      fetch: async () => new Response(body, { status }),
    }
    const error: unknown = await createApiKey(client).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code })
    expect(JSON.stringify(error)).not.toContain('secret-token')
  })
})
