import { describe, expect, it } from 'vitest'

import { clientSecretBasic, clientSecretPost, decodeClaims, memoryStore, privateKeyJwt } from '../../../src/index.ts'
import type { ClientOptions } from '../../../src/index.ts'
import type { PublicClient } from '../../runtimes/context.ts'
import { clientOf, drive, driveDevice, hastyClock, provider, signIn, world } from './rig.ts'

const { basic, device, dpop, jwt, par, post, spa } = world.clients

const kinds: readonly (readonly [name: string, registered: PublicClient, options: Partial<ClientOptions>])[] = [
  ['a public client', spa, {}],
  ['client_secret_basic', basic, { clientAuth: clientSecretBasic(basic.clientSecret) }],
  ['client_secret_post', post, { clientAuth: clientSecretPost(post.clientSecret) }],
  ['private_key_jwt', jwt, { clientAuth: privateKeyJwt(jwt.privateKey) }],
  [
    'private_key_jwt and a pushed request',
    jwt,
    { clientAuth: privateKeyJwt(jwt.privateKey), pushedAuthorization: true },
  ],
  ['a pushed request, which the server demands', par, { pushedAuthorization: true }],
  ['DPoP, every proof with a nonce', dpop, { dpop: true }],
  ['DPoP, a nonce and a pushed request', dpop, { dpop: true, pushedAuthorization: true }],
]

describe('a real server: from sign-in to sign-out', () => {
  for (const [index, [name, registered, options]] of kinds.entries()) {
    it(`with ${name}`, async () => {
      const login = `ada-${index}`
      const store = memoryStore()
      const client = clientOf(registered, { ...options, store })
      const { url } = await client.start({ appState: { returnTo: '/inbox' } })
      const { url: callback } = await drive({ url, login }, registered)
      expect(new URL(callback).searchParams.get('iss')).toBe(world.issuer)
      const result = await client.finish(callback)
      expect(result).toMatchObject({
        appState: { returnTo: '/inbox' },
        account: { key: `${world.issuer}|${login}`, issuer: world.issuer, subject: login },
        saved: true,
      })

      const first = await client.getToken()
      expect(first.tokenType).toBe(options.dpop === true ? 'DPoP' : 'Bearer')
      expect(decodeClaims(first.idToken ?? '')).toMatchObject({ aud: registered.clientId, sub: login })
      expect(await client.userInfo()).toMatchObject({ sub: login, email: `${login}@example.test` })

      const second = await client.getToken({ forceRefresh: true })
      expect(second.accessToken).not.toBe(first.accessToken)
      const refreshToken = (await store.get(provider.id))?.tokens.refreshToken
      expect(refreshToken).toBeTypeOf('string')
      const me = await client.fetch(`${world.issuer}/me`)
      expect(await me.json()).toMatchObject({ sub: login })

      expect(await client.signOut()).toEqual({ revocation: 'done' })
      await expect(client.getToken()).rejects.toMatchObject({ code: 'sign_in_required' })
      const orphan = await fetch(`${world.issuer}/me`, { headers: { authorization: `Bearer ${second.accessToken}` } })
      expect(orphan.status).toBe(401)
    })
  }

  it('with another device', async () => {
    const client = clientOf(device, { clock: hastyClock })
    const started = await client.device()
    expect(started.userCode).toMatch(/./)
    expect(started.verificationUri).toMatch(/^http:\/\/localhost:/)
    const waiting = started.wait()
    await driveDevice({ url: started.verificationUriComplete ?? '', login: 'ada-tv' })
    expect(await waiting).toMatchObject({ account: { subject: 'ada-tv' }, saved: true })
    const before = await client.getAccessToken()
    expect(await client.getAccessToken({ forceRefresh: true })).not.toBe(before)
    expect(await client.signOut()).toEqual({ revocation: 'done' })
  })

  it('where the person says no', async () => {
    const client = clientOf(spa)
    const { url } = await client.start()
    const { url: callback } = await drive({ url, deny: true }, spa)
    await expect(client.finish(callback)).rejects.toMatchObject({ code: 'access_denied' })
  })
})

describe('a real server: tokens for an API', () => {
  it('are for that API alone, also after a refresh', async () => {
    const { resource } = world
    const client = clientOf(spa, { resource, scopes: ['openid', 'offline_access', 'read'] })
    await signIn(client, spa, 'ada-api')
    const first = await client.getToken()
    expect(decodeClaims(first.accessToken)).toMatchObject({ aud: resource, scope: 'read', sub: 'ada-api' })
    const second = await client.getToken({ forceRefresh: true })
    expect(second.accessToken).not.toBe(first.accessToken)
    expect(decodeClaims(second.accessToken)).toMatchObject({ aud: resource, scope: 'read' })
  })

  it('are not given for an API that nobody knows', async () => {
    const client = clientOf(spa, { resource: 'https://unknown.example' })
    const { url } = await client.start()
    const { url: callback } = await drive({ url }, spa)
    await expect(client.finish(callback)).rejects.toMatchObject({
      code: 'authorization_failed',
      detail: { error: 'invalid_target', endpoint: 'authorization' },
    })
  })
})
