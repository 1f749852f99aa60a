import { expect, inject, it } from 'vitest'
import type { Arrival, Errand } from '../../runtimes/headless-user.ts'
import type { PublicClient, RecordedRequest } from '../../runtimes/context.ts'

const world = inject('world')

async function drive(errand: Errand): Promise<URL> {
  const response = await fetch(`${world.stage}/drive`, { method: 'POST', body: JSON.stringify(errand) })
  const { url } = (await response.json()) as Arrival
  return new URL(url)
}

const verifier = 'a'.repeat(43)

async function challenge(): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))
  return btoa(String.fromCharCode(...new Uint8Array(digest)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

async function authorizationUrl({ clientId, redirectUri }: PublicClient): Promise<string> {
  return `${world.issuer}/auth?${new URLSearchParams({
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'openid offline_access email',
    prompt: 'consent',
    state: 'state',
    code_challenge: await challenge(),
    code_challenge_method: 'S256',
  })}`
}

async function token(fields: Record<string, string>): Promise<Record<string, unknown>> {
  const response = await fetch(`${world.issuer}/token`, { method: 'POST', body: new URLSearchParams(fields) })
  return (await response.json()) as Record<string, unknown>
}

async function signIn(login: string): Promise<Record<string, unknown>> {
  const { clientId, redirectUri } = world.clients.spa
  const callback = await drive({ url: await authorizationUrl(world.clients.spa), stop: redirectUri, login })
  const code = callback.searchParams.get('code') ?? ''
  const grant = { grant_type: 'authorization_code', client_id: clientId, redirect_uri: redirectUri }
  return token({ ...grant, code, code_verifier: verifier })
}

it('the headless user signs in at the real server, which names itself in the callback', async () => {
  const { redirectUri } = world.clients.spa
  const callback = await drive({ url: await authorizationUrl(world.clients.spa), stop: redirectUri })
  expect(callback.searchParams.get('iss')).toBe(world.issuer)
  expect(callback.searchParams.get('code')).toMatch(/./)
})

it('the headless user can say no', async () => {
  const { redirectUri } = world.clients.spa
  const callback = await drive({ url: await authorizationUrl(world.clients.spa), stop: redirectUri, deny: true })
  expect(callback.searchParams.get('error')).toBe('access_denied')
})

it('the real server rotates refresh tokens, and ends the grant when an old one is shown again', async () => {
  const first = await signIn('rotation')
  const refresh = (refreshToken: unknown): Promise<Record<string, unknown>> =>
    token({ grant_type: 'refresh_token', client_id: world.clients.spa.clientId, refresh_token: String(refreshToken) })
  const second = await refresh(first['refresh_token'])
  expect(second['refresh_token']).not.toBe(first['refresh_token'])
  expect(second['access_token']).toBeTypeOf('string')
  expect(await refresh(first['refresh_token'])).toMatchObject({ error: 'invalid_grant' })
  expect(await refresh(second['refresh_token'])).toMatchObject({ error: 'invalid_grant' })
})

it('the device flow ends after the headless user entered the code', async () => {
  const { clientId } = world.clients.device
  const started = await fetch(`${world.issuer}/device/auth`, {
    method: 'POST',
    body: new URLSearchParams({ client_id: clientId, scope: 'openid offline_access' }),
  })
  const device = (await started.json()) as Record<string, string>
  const grant = { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', client_id: clientId }
  const poll = (): Promise<Record<string, unknown>> => token({ ...grant, device_code: device['device_code'] ?? '' })
  expect(await poll()).toMatchObject({ error: 'authorization_pending' })
  const errand = { url: device['verification_uri_complete'] }
  await fetch(`${world.stage}/drive-device`, { method: 'POST', body: JSON.stringify(errand) })
  expect(await poll()).toMatchObject({ refresh_token: expect.any(String) })
})

it('a server that wants pushed requests refuses a plain one', async () => {
  const answer = await fetch(`${world.issuer}/request`, {
    method: 'POST',
    body: new URLSearchParams(new URL(await authorizationUrl(world.clients.par)).search),
  })
  const { request_uri } = (await answer.json()) as Record<string, string>
  const { clientId, redirectUri } = world.clients.par
  const pushed = new URLSearchParams({ client_id: clientId, request_uri: request_uri ?? '' })
  const accepted = await drive({ url: `${world.issuer}/auth?${pushed}`, stop: redirectUri })
  const refused = await drive({ url: await authorizationUrl(world.clients.par), stop: redirectUri })
  expect(accepted.searchParams.has('code')).toBe(true)
  expect(refused.searchParams.has('code')).toBe(false)
})

it('the recorder tells what reached it, and no value of a header', async () => {
  const recorder = `${world.stage}/recorder/${crypto.randomUUID()}`
  await fetch(`${recorder}/any?thing`, { method: 'POST', headers: { authorization: 'Bearer secret' }, body: 'four' })
  const log = (await (await fetch(`${recorder}/log`)).json()) as RecordedRequest[]
  const [post, ...others] = log.filter(({ method }) => method !== 'OPTIONS')
  expect(others).toEqual([])
  expect(post).toMatchObject({ method: 'POST', scheme: 'Bearer', bodyLength: 4 })
  expect(post?.headers).toContain('authorization')
  expect(JSON.stringify(log)).not.toContain('secret')
})

it('the stage redirects where it is told to', async () => {
  const target = `${world.stage}/echo?here`
  const response = await fetch(`${world.stage}/redirect/307?to=${encodeURIComponent(target)}`)
  expect(await response.json()).toMatchObject({ method: 'GET', url: '/echo?here' })
})
