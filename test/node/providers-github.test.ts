import { afterEach, describe, expect, it } from 'vitest'
import { github } from '../../src/providers/github.ts'
import { pollClock, providerRig, signIn } from './providers-rig.ts'
import type { ProviderRig } from './providers-rig.ts'

const clientId = 'Iv1.latchkeytest'
const redirectUri = 'http://127.0.0.1:40002/callback'
let made: ProviderRig | undefined

afterEach(() => made?.close())

describe('github', () => {
  it('reads what was granted, between commas, and says what was not', async () => {
    made = await providerRig({ provider: 'github' })
    const client = made.client(github({ scopes: ['read:user', 'gist', 'repo'] }), { clientId })
    const { url } = await client.start({ redirectUri })
    expect(url.searchParams.get('scope')).toBe('read:user gist repo')
    const result = await client.finish(await made.server.approve(url, { scopes: ['read:user', 'gist'] }))
    expect(result).toMatchObject({ scopes: ['read:user', 'gist'], missingScopes: ['repo'] })
  })

  it('signs in, refreshes and signs out with the fields and headers that are known', async () => {
    made = await providerRig({ provider: 'github' })
    const client = made.client(github({ scopes: ['read:user'] }), { clientId })
    const url = await signIn(made, client, redirectUri)
    expect(url.pathname).toBe('/login/oauth/authorize')
    expect(Object.fromEntries(url.searchParams)).toEqual({
      response_type: 'code',
      client_id: clientId,
      redirect_uri: redirectUri,
      scope: 'read:user',
      state: expect.any(String),
      code_challenge: expect.any(String),
      code_challenge_method: 'S256',
    })
    const [exchange] = made.at('/login/oauth/access_token')
    expect(exchange?.headers.get('accept')).toBe('application/json')
    expect(exchange?.fields).toEqual({
      grant_type: 'authorization_code',
      client_id: clientId,
      code: expect.any(String),
      redirect_uri: redirectUri,
      code_verifier: expect.any(String),
    })
    const { accessToken, refreshToken } = await client.getToken()
    expect(accessToken).toMatch(/^gho_/)
    await client.getToken({ forceRefresh: true })
    expect(made.at('/login/oauth/access_token')[0]?.fields).toEqual({
      grant_type: 'refresh_token',
      client_id: clientId,
      refresh_token: refreshToken,
    })
    await client.fetch(`${made.server.apiUrl}/echo`)
    const [call] = made.at('/test-api/echo')
    expect(call?.headers.get('x-github-api-version')).toBe('2022-11-28')
    expect(call?.headers.get('accept')).toBe('application/vnd.github+json')
    expect(await client.signOut()).toEqual({ revocation: 'unsupported' })
  })

  it('signs in on another device, errors being answers with status 200', async () => {
    made = await providerRig({ provider: 'github' })
    const { server } = made
    const clock = pollClock(server)
    const client = made.client(github({ scopes: ['read:user'] }), { clientId, clock })
    const device = await client.device()
    const [asked] = made.at('/login/device/code')
    expect(asked?.type).toBe('application/x-www-form-urlencoded')
    expect(asked?.headers.get('accept')).toBe('application/json')
    expect(asked?.fields).toEqual({ client_id: clientId, scope: 'read:user' })
    const waiting = device.wait()
    await expect.poll(() => made?.arrived.length).toBeGreaterThan(0)
    await server.approveDevice(device.userCode)
    expect((await waiting).scopes).toEqual(['read:user'])
    expect(made.at('/login/oauth/access_token').at(-1)?.fields).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      client_id: clientId,
      device_code: expect.any(String),
    })
    const { refreshToken } = await client.getToken()
    await client.getToken({ forceRefresh: true })
    expect(made.at('/login/oauth/access_token')[0]?.fields).toEqual({
      grant_type: 'refresh_token',
      client_id: clientId,
      refresh_token: refreshToken,
    })
    expect(await client.signOut()).toEqual({ revocation: 'unsupported' })
  })

  it('asks for a new sign-in when GitHub calls the refresh token bad', async () => {
    made = await providerRig({ provider: 'github' })
    const client = made.client(github(), { clientId })
    await signIn(made, client, redirectUri)
    made.server.revokeSessions()
    await expect(client.getToken({ forceRefresh: true })).rejects.toMatchObject({
      code: 'sign_in_required',
      detail: { error: 'bad_refresh_token' },
    })
  })
})
