import { describe, expect, it } from 'vitest'

import { memoryStore } from '../../../src/index.ts'
import { hour, rig, settled } from './rig.ts'

describe('getToken', () => {
  it('gives a token that is good for as long as it is needed', async () => {
    const { client, signIn, clock, refreshes } = rig()
    await signIn()
    clock.advance(hour / 2)
    const token = await client.getAccessToken({ minValidity: hour / 4 })
    expect(refreshes()).toBe(0)
    expect(await client.getAccessToken({ minValidity: hour * 0.75 })).not.toBe(token)
    expect(refreshes()).toBe(1)
  })

  it('asks the server once for a hundred callers who all want it asked', async () => {
    const { client, signIn, refreshes } = rig()
    await signIn()
    const before = await client.getAccessToken()
    const tokens = await Promise.all(Array.from({ length: 100 }, () => client.getAccessToken({ forceRefresh: true })))
    expect(new Set(tokens).size).toBe(1)
    expect(tokens[0]).not.toBe(before)
    expect(refreshes()).toBe(1)
  })

  it('lets a caller go at once, and the others have their token', async () => {
    const { client, signIn, server, clock, refreshes } = rig()
    await signIn()
    clock.advance(hour)
    const held = server.faults.hold('token', { grant: 'refresh_token' })
    const leaving = new AbortController()
    const gone = client.getToken({ signal: leaving.signal })
    const staying = client.getToken()
    await held.arrived
    leaving.abort()
    await expect(gone).rejects.toMatchObject({ code: 'aborted' })
    await expect(client.getToken({ signal: leaving.signal })).rejects.toMatchObject({ code: 'aborted' })
    held.release()
    expect((await staying).expiresAt).toBe(clock.now() + hour)
    expect(refreshes()).toBe(1)
  })

  it('asks nobody for a caller who is gone before', async () => {
    const { client, signIn, refreshes } = rig()
    await signIn()
    const gone = client.getToken({ forceRefresh: true, signal: AbortSignal.abort() })
    await expect(gone).rejects.toMatchObject({ code: 'aborted' })
    await settled()
    expect(refreshes()).toBe(0)
  })

  it('serves the good token when the refresh behind its back fails', async () => {
    const { client, signIn, server, clock, events } = rig()
    await signIn()
    const before = await client.getAccessToken()
    clock.advance(hour - 60_000)
    server.faults.always('token', { status: 503 })
    expect(await client.getAccessToken()).toBe(before)
    await expect
      .poll(() => events.at(-1))
      .toMatchObject({ type: 'refresh-failed', code: 'server_error', retryable: true })
    expect(await client.getAccessToken()).toBe(before)
    expect(client.getSnapshot()).toMatchObject({ status: 'signed-in', error: 'server_error' })
  })

  it('gives tokens that nobody can change for others', async () => {
    const store = memoryStore()
    const { client, signIn } = rig({
      client: { store: { ...store, get: async (key) => structuredClone(await store.get(key)) } },
    })
    await signIn()
    const tokens = await client.getToken()
    expect(() => Object.assign(tokens, { accessToken: 'mine' })).toThrow(TypeError)
    expect(await client.getToken()).toEqual(tokens)
  })

  it('keeps an answer that comes after everybody has stopped waiting', async () => {
    const store = memoryStore()
    const { client, another, signIn, server, clock, refreshes } = rig({ client: { store, timeout: 1000 } })
    await signIn()
    const before = await client.getAccessToken()
    clock.advance(hour)
    server.faults.next('token', { grant: 'refresh_token', latency: 5000, when: 'after-commit' })
    const waiting = client.getToken().catch((error: unknown) => error)
    await expect.poll(refreshes).toBe(1)
    await settled()
    clock.advance(1000)
    expect(await waiting).toMatchObject({ code: 'timeout' })
    const stored = async (): Promise<string | undefined> => {
      clock.advance(4000)
      return (await store.get(client.provider.id))?.tokens.accessToken
    }
    await expect.poll(stored).not.toBe(before)
    expect((await another().getToken()).accessToken).not.toBe(before)
    expect(refreshes()).toBe(1)
  })

  it('serves no token that could not stand in a header, whoever wrote it', async () => {
    const store = memoryStore()
    const { client, signIn, api, server } = rig({ client: { store } })
    await signIn()
    const { id } = client.provider
    for (const accessToken of ['a\r\nx-evil: 1', '', 'käse', 'a b', 5]) {
      await store.update(
        id,
        (record) => record && { ...record, tokens: { ...record.tokens, accessToken: accessToken as string } },
      )
      const fresh = rig({ client: { store } })
      await expect(fresh.client.getToken()).rejects.toMatchObject({ code: 'store_corrupt' })
      await expect(fresh.client.fetch(api)).rejects.toMatchObject({ code: 'store_corrupt' })
    }
    expect(server.history.count({ endpoint: 'api' })).toBe(0)
  })

  it('names the failures of a store that is not ours, and repeats nothing of them', async () => {
    const { client } = rig({
      client: {
        store: {
          ...memoryStore(),
          get: async () => {
            throw new Error('secret-in-the-message')
          },
        },
      },
    })
    const error: unknown = await client.getToken().catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'store_denied' })
    expect(JSON.stringify(error) + String(error)).not.toContain('secret-in-the-message')
  })

  it('does not wait for ever for a store that never answers', async () => {
    const { client, clock } = rig({ client: { store: { ...memoryStore(), get: () => new Promise(() => undefined) } } })
    let ended: unknown
    void client.getToken().catch((error: unknown) => (ended = error))
    for (let waits = 0; waits < 5 && ended === undefined; waits++) {
      await settled()
      clock.advance(120_000)
    }
    await expect.poll(() => ended).toMatchObject({ code: 'timeout' })
  })
})

describe('the MCP half', () => {
  it('gives no token when nobody is signed in, and says so of every other failure', async () => {
    const { client, signIn, server, clock } = rig()
    expect(await client.token()).toBeUndefined()
    await signIn()
    expect(await client.token()).toBe(await client.getAccessToken())
    clock.advance(hour)
    server.faults.next('token', { status: 503 })
    await expect(client.token()).rejects.toMatchObject({ code: 'server_error' })
  })

  it('renews the token that was given away, once for all who complain of it', async () => {
    const { client, signIn, refreshes } = rig()
    await signIn()
    const given = await client.token()
    await Promise.all(Array.from({ length: 10 }, () => client.onUnauthorized({})))
    await client.onUnauthorized()
    expect(refreshes()).toBe(1)
    expect(await client.token()).not.toBe(given)
  })

  it('asks for a sign-in when the server has ended the session', async () => {
    const { client, signIn, server } = rig()
    await signIn()
    await client.token()
    server.revokeSessions()
    await expect(client.onUnauthorized({})).rejects.toMatchObject({ code: 'sign_in_required' })
    expect(client.getSnapshot()).toMatchObject({ status: 'signed-out', error: 'sign_in_required' })
  })
})
