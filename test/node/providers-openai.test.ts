import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { generateCodeChallenge } from '../../src/core/index.ts'
import { createClient } from '../../src/index.ts'
import type { Clock } from '../../src/index.ts'
import { chatgpt, extractCodexAccountId, openaiCodex } from '../../src/providers/openai.ts'
import { screen } from './node-client-rig.ts'
import { pollClock, providerRig, signIn } from './providers-rig.ts'
import type { ProviderRig } from './providers-rig.ts'

const codexId = 'app_EMoamEEZ73f0CkXaXp7hrann'
const codexUri = 'http://localhost:1455/auth/callback'
const chatgptUri = 'http://127.0.0.1:40001/auth/callback'
const installation = '6f1d1a52-7a52-4b2f-9d3e-0c6c2b8a9e11'
const rigs: ProviderRig[] = []

afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.close()
})

async function rig(options: Parameters<typeof providerRig>[0]): Promise<ProviderRig> {
  const made = await providerRig(options)
  rigs.push(made)
  return made
}

describe('openaiCodex', () => {
  it('signs in, refreshes and signs out with the fields and headers that are known', async () => {
    const made = await rig({ provider: 'openai-codex' })
    const client = made.client(openaiCodex())
    const url = await signIn(made, client, codexUri)

    const asked = Object.fromEntries(url.searchParams)
    expect(url.pathname).toBe('/oauth/authorize')
    expect(asked).toEqual({
      response_type: 'code',
      client_id: codexId,
      redirect_uri: codexUri,
      scope: 'openid profile email offline_access',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
      id_token_add_organizations: 'true',
      codex_cli_simplified_flow: 'true',
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.any(String),
      originator: 'latchkey',
    })

    const [exchange, ...more] = made.at('/oauth/token')
    expect(more).toEqual([])
    expect(exchange?.type).toBe('application/x-www-form-urlencoded')
    expect(exchange?.headers.get('accept')).toBe('application/json')
    expect(exchange?.headers.get('user-agent')).toBe('latchkey')
    expect(exchange?.fields).toEqual({
      grant_type: 'authorization_code',
      client_id: codexId,
      code: expect.any(String),
      redirect_uri: codexUri,
      code_verifier: expect.stringMatching(/^[\w-]{43}$/),
    })
    expect(await generateCodeChallenge(String(exchange?.fields['code_verifier']))).toBe(asked['code_challenge'])
    expect(exchange?.headers.has('openai-beta')).toBe(false)
    expect(client.getSnapshot().account).toEqual({
      key: `${made.origin}|ada`,
      issuer: made.origin,
      subject: 'ada',
      name: 'Ada Lovelace',
      email: 'ada@example.com',
      accountId: 'account-0001',
    })

    const first = await client.getToken()
    await client.getToken({ forceRefresh: true })
    const [refresh] = made.at('/oauth/token')
    expect(refresh?.fields).toEqual({
      grant_type: 'refresh_token',
      refresh_token: first.refreshToken,
      client_id: codexId,
    })

    const { accessToken, refreshToken } = await client.getToken()
    await client.fetch(`${made.server.apiUrl}/echo`)
    const [call] = made.at('/test-api/echo')
    expect(call?.headers.get('authorization')).toBe(`Bearer ${accessToken}`)
    expect(call?.headers.get('originator')).toBe('latchkey')
    expect(call?.headers.get('openai-beta')).toBe('responses=experimental')
    expect(call?.headers.get('chatgpt-account-id')).toBe('account-0001')

    expect(await client.signOut()).toEqual({ revocation: 'done' })
    const [revocation] = made.at('/oauth/revoke')
    expect(revocation?.type).toBe('application/json')
    expect(revocation?.fields).toEqual({ token: refreshToken, token_type_hint: 'refresh_token', client_id: codexId })
    expect(made.server.history.filter({ endpoint: 'revocation' })[0]).toMatchObject({ committed: true, subject: 'ada' })
  })

  it('listens on 1455, else on 1457 of localhost, and nowhere else', async () => {
    expect(openaiCodex().redirect?.loopback).toEqual({ host: 'localhost', ports: [1455, 1457], path: '/auth/callback' })
    const made = await rig({ provider: 'openai-codex' })
    const client = made.client(openaiCodex())
    const { url } = await client.start({ redirectUri: 'http://localhost:1456/auth/callback' })
    await expect(made.server.approve(url)).rejects.toThrow('Invalid redirect_uri')
  })

  it('keeps the tokens of a person without an account', async () => {
    const made = await rig({ provider: 'openai-codex', accountId: '' })
    const client = made.client(openaiCodex())
    await signIn(made, client, codexUri)
    expect(client.getSnapshot()).toMatchObject({ status: 'signed-in', account: { subject: 'ada' } })
    expect(client.getSnapshot().account).not.toHaveProperty('accountId')
    await client.fetch(`${made.server.apiUrl}/echo`)
    expect(made.at('/test-api/echo')[0]?.headers.has('chatgpt-account-id')).toBe(false)
    expect(await client.getAccessToken()).not.toBe('')
  })

  it.each([
    ['refresh_token_invalidated', (made: ProviderRig) => made.server.revokeSessions()],
    ['refresh_token_expired', (made: ProviderRig) => made.server.clock.advance(31 * 24 * 3_600_000)],
  ] as const)('asks for a new sign-in after %s', async (error, end) => {
    const made = await rig({ provider: 'openai-codex' })
    const client = made.client(openaiCodex())
    await signIn(made, client, codexUri)
    end(made)
    await expect(client.getToken({ forceRefresh: true })).rejects.toMatchObject({
      code: 'sign_in_required',
      detail: { reason: 'rejected', error },
    })
  })

  it('keeps the session when a 401 says nothing of the refresh token', async () => {
    const made = await rig({ provider: 'openai-codex' })
    const client = made.client(openaiCodex())
    await signIn(made, client, codexUri)
    made.server.faults.next('token', { status: 401, body: { error: { code: 'invalid_api_key', message: 'no' } } })
    await expect(client.getToken({ forceRefresh: true })).rejects.toMatchObject({ code: 'authorization_failed' })
    expect(client.getSnapshot().status).toBe('signed-in')
  })
})

describe('openaiCodex, on another device', () => {
  it('signs in, the server making the verifier', async () => {
    const made = await rig({ provider: 'openai-codex' })
    const clock = pollClock(made.server)
    const client = made.client(openaiCodex(), { clock })
    const device = await client.device()
    expect(device).toMatchObject({ userCode: 'CODE-0001', verificationUri: `${made.origin}/codex/device` })
    expect(device.expiresAt - clock.now()).toBeGreaterThan(14 * 60_000)

    const [asked] = made.at('/api/accounts/deviceauth/usercode')
    expect(asked).toMatchObject({ type: 'application/json', fields: { client_id: codexId } })
    expect(Object.keys(asked?.fields ?? {})).toEqual(['client_id'])

    const waiting = device.wait()
    await expect.poll(() => made.arrived.length).toBeGreaterThan(0)
    await made.server.approveDevice('CODE-0001')
    const { account } = await waiting
    expect(account).toMatchObject({ subject: 'ada', accountId: 'account-0001' })

    const polls = made.at('/api/accounts/deviceauth/token')
    expect(polls[0]?.type).toBe('application/json')
    expect(Object.keys(polls[0]?.fields ?? {}).toSorted()).toEqual(['device_auth_id', 'user_code'])
    const [exchange, ...more] = made.at('/oauth/token')
    expect(more).toEqual([])
    expect(exchange?.type).toBe('application/x-www-form-urlencoded')
    expect(exchange?.headers.get('user-agent')).toBe('latchkey')
    expect(exchange?.fields).toEqual({
      grant_type: 'authorization_code',
      code: expect.any(String),
      redirect_uri: `${made.origin}/deviceauth/callback`,
      client_id: codexId,
      code_verifier: expect.any(String),
    })
    const { refreshToken } = await client.getToken()
    await client.getToken({ forceRefresh: true })
    const fields = { grant_type: 'refresh_token', refresh_token: refreshToken, client_id: codexId }
    expect(made.at('/oauth/token')[0]?.fields).toEqual(fields)
    expect(await client.signOut()).toEqual({ revocation: 'done' })
  })

  it('is the way that is left when both ports are taken', async () => {
    const made = await rig({ provider: 'openai-codex', autoApprove: true })
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    const loopback = { host: 'localhost', ports: [port], path: '/auth/callback' }
    const client = made.client(openaiCodex({ redirect: { loopback } }), { clock: pollClock(made.server) })
    const output = screen()
    const { saved } = await client.signIn({ openBrowser: false, output })
    taken.close()
    expect(saved).toBe(true)
    expect(output.text).toContain('CODE-0001')
  })

  it('says so when the person refuses', async () => {
    const made = await rig({ provider: 'openai-codex', autoApprove: { deny: 'access_denied' } })
    const client = made.client(openaiCodex(), { clock: pollClock(made.server) })
    const device = await client.device()
    await expect(device.wait()).rejects.toMatchObject({ code: 'access_denied' })
  })

  it('says so when the login is not enabled', async () => {
    const client = createClient({ provider: openaiCodex(), fetch: async () => new Response('', { status: 404 }) })
    await expect(client.device()).rejects.toMatchObject({
      code: 'authorization_failed',
      detail: { error: 'unauthorized_client', endpoint: 'device_authorization' },
    })
  })

  it.each([
    { name: 'a page', status: 502, body: '<html>', code: 'server_error' },
    { name: 'a redirect', status: 307, body: '', code: 'unexpected_redirect' },
    { name: 'no device', status: 200, body: '{}', code: 'invalid_response' },
    { name: 'no JSON', status: 200, body: 'no', code: 'invalid_response' },
  ])('takes $name for a failure', async ({ status, body, code }) => {
    const client = createClient({ provider: openaiCodex(), fetch: async () => new Response(body, { status }) })
    await expect(client.device()).rejects.toMatchObject({ code, detail: { endpoint: 'device_authorization' } })
  })

  it.each([
    { name: 'a silent 403', status: 403, body: '', error: 'authorization_pending' },
    { name: 'a silent 404', status: 404, body: '{}', error: 'authorization_pending' },
    {
      name: 'a 403 that says so',
      status: 403,
      body: '{"error":{"code":"deviceauth_authorization_pending"}}',
      error: 'authorization_pending',
    },
    { name: 'slow_down', status: 400, body: '{"error":{"code":"slow_down"}}', error: 'slow_down' },
  ])('takes $name for what it means', async ({ status, body, error }) => {
    const fields = new URLSearchParams({ device_code: '["id","code"]' })
    const post = async (): Promise<Response> => new Response(body, { status })
    const response = await openaiCodex().pollDeviceLogin?.('https://auth.openai.com/oauth/token', fields, post)
    expect(await response?.json()).toEqual({ error })
  })

  it('repeats nothing of what it sent', async () => {
    const echo = async (_input: unknown, init?: RequestInit): Promise<Response> => {
      const text = await new Response(init?.body).text()
      if (!text.includes('device_auth_id')) return Response.json({ device_auth_id: 'secret-id', user_code: 'CODE' })
      return Response.json({ error: { code: 'broken', message: text } }, { status: 400 })
    }
    const clock: Clock = { now: () => 0, sleep: async (ms) => (ms > 10_000 ? new Promise(() => {}) : undefined) }
    const client = createClient({ provider: openaiCodex(), fetch: echo, clock })
    const error: unknown = await (await client.device()).wait().catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'authorization_failed', detail: { error: 'broken' } })
    expect(inspect(error)).not.toContain('secret-id')
  })
})

describe('chatgpt', () => {
  it('signs in with an issued client id, refreshes and signs out with the fields that are known', async () => {
    const made = await rig({ provider: 'openai-chatgpt' })
    const row = chatgpt({ agentName: 'Tester', installation })
    const client = made.client(row)
    const url = await signIn(made, client, chatgptUri)

    expect(url.pathname).toBe('/api/accounts/authorize')
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: 'dynamic_agent_client',
      agent_name_hint: 'Tester',
      ext_agent_host_id: `urn:uuid:${installation}`,
      response_type: 'code',
      redirect_uri: chatgptUri,
      resource: 'https://api.openai.com/v1',
      scope: 'openid profile email offline_access resource.invoke chatgpt.tokens.use.direct',
      state: expect.any(String),
      code_challenge: expect.any(String),
      code_challenge_method: 'S256',
      nonce: expect.any(String),
    })
    const [exchange] = made.at('/api/accounts/oauth/token')
    expect(exchange?.type).toBe('application/x-www-form-urlencoded')
    expect(exchange?.headers.get('accept')).toBe('application/json')
    expect(exchange?.headers.get('user-agent')).toBe('latchkey')
    expect(exchange?.fields).toEqual({
      grant_type: 'authorization_code',
      client_id: 'app_issued_0001',
      code: expect.any(String),
      code_verifier: expect.any(String),
      redirect_uri: chatgptUri,
      resource: 'https://api.openai.com/v1',
    })
    expect(client.getSnapshot().account).toMatchObject({ subject: 'ada', email: 'ada@example.com' })

    const { refreshToken } = await client.getToken()
    await client.getToken({ forceRefresh: true })
    expect(made.at('/api/accounts/oauth/token')[0]?.fields).toEqual({
      grant_type: 'refresh_token',
      client_id: 'app_issued_0001',
      refresh_token: refreshToken,
      resource: 'https://api.openai.com/v1',
    })
    const tokens = await client.getToken()
    await client.fetch(`${made.server.apiUrl}/echo`)
    const [call] = made.at('/test-api/echo')
    expect(call?.headers.get('authorization')).toBe(`Bearer ${tokens.accessToken}`)
    expect(call?.headers.has('chatgpt-account-id')).toBe(false)
    expect(await client.signOut()).toEqual({ revocation: 'done' })
    expect(made.at('/api/accounts/oauth/revoke').map(({ fields }) => fields)).toEqual([
      { token: tokens.refreshToken, token_type_hint: 'refresh_token', client_id: 'app_issued_0001' },
      { token: tokens.accessToken, token_type_hint: 'access_token', client_id: 'app_issued_0001' },
    ])
  })

  it('goes on with the client id that was issued before, and then hints no name', async () => {
    const made = await rig({ provider: 'openai-chatgpt' })
    const client = made.client(chatgpt({ agentName: 'Tester', installation, clientId: 'app_issued_0001' }))
    const url = await signIn(made, client, chatgptUri)
    expect(url.searchParams.get('client_id')).toBe('app_issued_0001')
    expect(url.searchParams.has('agent_name_hint')).toBe(false)
    expect(made.at('/api/accounts/oauth/token')[0]?.fields['client_id']).toBe('app_issued_0001')
  })

  it('refuses a callback that issues no client id', async () => {
    const made = await rig({ provider: 'openai-chatgpt' })
    const client = made.client(chatgpt({ agentName: 'Tester', installation }))
    const { url } = await client.start({ redirectUri: chatgptUri })
    const callback = await made.server.approve(url)
    callback.searchParams.delete('client_id')
    await expect(client.finish(callback)).rejects.toMatchObject({ code: 'invalid_callback' })
    expect(made.at('/api/accounts/oauth/token')).toEqual([])
  })

  it('fails with scope_missing when the tokens may not be used, and stores nothing', async () => {
    const made = await rig({ provider: 'openai-chatgpt' })
    const client = made.client(chatgpt({ agentName: 'Tester', installation }))
    const { url } = await client.start({ redirectUri: chatgptUri })
    const callback = await made.server.approve(url, { scopes: ['openid', 'email'] })
    await expect(client.finish(callback)).rejects.toMatchObject({
      code: 'scope_missing',
      detail: { missing: ['chatgpt.tokens.use.direct'] },
    })
    await expect(client.getToken()).rejects.toMatchObject({ code: 'sign_in_required' })
  })

  it('refuses an installation that is no UUID', () => {
    expect(() => chatgpt({ agentName: 'Tester', installation: 'me' })).toThrow('UUID')
  })
})

describe('extractCodexAccountId', () => {
  const jwt = (claims: object): string => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`

  it('reads the account from claims that base64 alone cannot read', () => {
    const token = jwt({ note: '>>>???ÿÿÿ', 'https://api.openai.com/auth': { chatgpt_account_id: 'acc' } })
    expect(token).toMatch(/[-_]/)
    expect(extractCodexAccountId(token)).toBe('acc')
  })

  it('falls back to the first organisation, and else gives nothing', () => {
    expect(extractCodexAccountId(jwt({ 'https://api.openai.com/auth': { organizations: [{ id: 'org' }] } }))).toBe(
      'org',
    )
    for (const token of [jwt({}), jwt({ 'https://api.openai.com/auth': 1 }), 'no', 'a.b.c', '']) {
      expect(extractCodexAccountId(token)).toBeUndefined()
    }
  })
})
