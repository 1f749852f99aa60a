import { describe, expect, it } from 'vitest'

import { memoryStore } from '../../../src/index.ts'
import { hour, redirectUri, rig } from './rig.ts'

describe('the main path', () => {
  it('signs in, calls the API, refreshes when the token has ended, and signs out', async () => {
    const { client, server, clock, api, refreshes, events } = rig()
    expect(client.getSnapshot()).toEqual({ status: 'loading' })

    const { url, state } = await client.start({ appState: { returnTo: '/inbox' } })
    expect(url.searchParams.get('state')).toBe(state)
    const result = await client.finish(await server.approve(url))
    expect(result).toMatchObject({ appState: { returnTo: '/inbox' }, missingScopes: [], saved: true })
    expect(result.account).toMatchObject({ issuer: server.issuer, key: `${server.issuer}|${result.account?.subject}` })
    expect(client.getSnapshot()).toMatchObject({ status: 'signed-in', expiresAt: clock.now() + hour })

    expect((await client.fetch(api)).status).toBe(200)
    expect(refreshes()).toBe(0)
    clock.advance(hour)
    expect((await client.fetch(api)).status).toBe(200)
    expect(refreshes()).toBe(1)

    expect(await client.signOut()).toEqual({ revocation: 'done' })
    expect(client.getSnapshot()).toEqual({ status: 'signed-out' })
    await expect(client.getToken()).rejects.toMatchObject({ code: 'sign_in_required', detail: { reason: 'absent' } })
    expect(events.map((event) => event.type)).toEqual(['signed-in', 'refreshed', 'signed-out'])
  })

  it('gives 1000 callers of an ended token one refresh and one token', async () => {
    const { client, signIn, clock, refreshes } = rig()
    await signIn()
    clock.advance(hour)
    const tokens = await Promise.all(Array.from({ length: 1000 }, () => client.getAccessToken()))
    expect(new Set(tokens).size).toBe(1)
    expect(refreshes()).toBe(1)
  })

  it('takes over what another client of the same store has refreshed', async () => {
    const store = memoryStore()
    const { client, another, signIn, clock, refreshes } = rig({ client: { store } })
    await signIn()
    const other = another()
    clock.advance(hour)
    const [mine, theirs] = await Promise.all([client.getAccessToken(), other.getAccessToken()])
    expect(mine).toBe(theirs)
    expect(refreshes()).toBe(1)
  })

  it('serves a token that ends soon, and refreshes it behind the back of whoever asked', async () => {
    const { client, signIn, clock, refreshes } = rig()
    await signIn()
    const before = await client.getAccessToken()
    clock.advance(hour - 60_000)
    expect(await client.getAccessToken()).toBe(before)
    await expect.poll(refreshes).toBe(1)
    await expect.poll(() => client.getAccessToken()).not.toBe(before)
    expect(refreshes()).toBe(1)
  })

  it('signs in on another device', async () => {
    const { client, server, clock } = rig()
    const device = await client.device()
    expect(device.userCode).not.toBe('')
    const waiting = device.wait()
    await server.approveDevice(device.userCode)
    // Time stands still but for this: once for the poll, however long its answer takes.
    await new Promise((resolve) => setTimeout(resolve, 20))
    clock.advance(5000)
    expect(await waiting).toMatchObject({ saved: true })
  })

  it('says who signed in, and asks the server to revoke', async () => {
    const { client, signIn, server } = rig()
    await signIn()
    expect(await client.userInfo()).toMatchObject({ sub: 'ada' })
    await client.revoke()
    expect(server.history.count({ endpoint: 'revocation', status: 200 })).toBe(2)
    expect(client.getSnapshot().status).toBe('signed-out')
  })

  it('is an auth provider for MCP clients', async () => {
    const { client, signIn, server, api, refreshes } = rig()
    expect(await client.token()).toBeUndefined()
    await signIn()
    const token = await client.token()
    server.revokeAccessTokens()
    const refused = await server.fetch(api, { headers: { authorization: `Bearer ${token}` } })
    expect(refused.status).toBe(401)
    await client.onUnauthorized({})
    await client.onUnauthorized({})
    expect(await client.token()).not.toBe(token)
    expect(refreshes()).toBe(1)
  })

  it('works with a callback in every form that it comes in', async () => {
    const { client, server } = rig()
    const forms: ((callback: URL) => URL | URLSearchParams | string)[] = [
      (callback) => callback,
      (callback) => callback.href,
      (callback) => callback.searchParams,
      (callback) => callback.search,
      (callback) => `  ${callback.href}\n`,
    ]
    for (const form of forms) {
      const { url } = await client.start({ redirectUri })
      await client.finish(form(await server.approve(url)))
      expect(client.getSnapshot().status).toBe('signed-in')
    }
  })
})
