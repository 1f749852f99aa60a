import { describe, expect, it } from 'vitest'

import { createClient, memoryStore } from '../../../src/index.ts'
import { hour, rig, settled } from './rig.ts'

const moments = ['before-commit', 'after-commit'] as const

describe('signOut', () => {
  it('removes the record before it asks the server, and has the refresh token revoked first', async () => {
    const store = memoryStore()
    const { client, signIn, server } = rig({ client: { store } })
    await signIn()
    const held = server.faults.hold('revocation')
    const leaving = client.signOut()
    await held.arrived
    expect(await store.keys()).toEqual([])
    expect(client.getSnapshot().status).toBe('signed-out')
    held.release()
    expect(await leaving).toEqual({ revocation: 'done' })
    const hints = server.history.filter({ endpoint: 'revocation' }).map(({ params }) => params['token_type_hint'])
    expect(hints).toEqual(['refresh_token', 'access_token'])
  })

  it('asks nobody when it need not, or may not', async () => {
    const { client, signIn, server } = rig()
    expect(await client.signOut()).toEqual({ revocation: 'skipped' })
    await signIn()
    expect(await client.signOut({ revoke: false })).toEqual({ revocation: 'skipped' })
    expect(server.history.count({ endpoint: 'revocation' })).toBe(0)
    await expect(client.getToken()).rejects.toMatchObject({ code: 'sign_in_required' })
  })

  it('is done here, whatever the server says', async () => {
    for (const fault of [
      { status: 503 },
      { status: 400 },
      { drop: true },
      { redirect: 'https://evil.example' },
    ] as const) {
      const { client, signIn, server } = rig()
      await signIn()
      server.faults.always('revocation', fault)
      expect(await client.signOut()).toEqual({ revocation: 'failed' })
      await expect(client.getToken()).rejects.toMatchObject({ code: 'sign_in_required' })
    }
  })

  it('says that revocation took too long', async () => {
    const { client, signIn, server, clock } = rig({ client: { timeout: 1000 } })
    await signIn()
    const held = server.faults.hold('revocation')
    const leaving = client.signOut()
    await held.arrived
    clock.advance(1000)
    expect(await leaving).toEqual({ revocation: 'failed' })
    held.release()
  })

  it('says that the server cannot revoke, or cannot be asked for its metadata', async () => {
    const unable = rig({
      server: { tamper: { metadata: (document) => ({ ...document, revocation_endpoint: undefined }) } },
    })
    await unable.signIn()
    expect(await unable.client.signOut()).toEqual({ revocation: 'unsupported' })

    const store = memoryStore()
    const { another, signIn, server } = rig({ client: { store } })
    await signIn()
    server.faults.always('metadata', { status: 503 })
    expect(await another().signOut()).toEqual({ revocation: 'failed' })
    expect(await store.keys()).toEqual([])
  })

  it('is content when only refresh tokens can be revoked', async () => {
    const { client, signIn, server } = rig()
    await signIn()
    server.faults.next('revocation', { call: 2, status: 400, body: { error: 'unsupported_token_type' } })
    expect(await client.signOut()).toEqual({ revocation: 'done' })
  })

  it('ends the wait of a caller who leaves, and goes on', async () => {
    const { client, signIn, server } = rig()
    await signIn()
    const held = server.faults.hold('revocation')
    const leaving = new AbortController()
    const waiting = client.signOut({ signal: leaving.signal })
    await held.arrived
    leaving.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'aborted' })
    held.release()
    await expect.poll(() => server.history.count({ endpoint: 'revocation', status: 200 })).toBe(2)
  })

  for (const when of moments) {
    it(`wins over a refresh in flight, ${when}: its tokens are revoked and never stored`, async () => {
      const store = memoryStore()
      const { client, signIn, server, clock } = rig({ client: { store } })
      await signIn()
      clock.advance(hour)
      const held = server.faults.hold('token', { grant: 'refresh_token', when })
      const waiting = Promise.allSettled([client.getToken(), client.getToken(), client.fetch(`${server.apiUrl}/echo`)])
      await held.arrived
      await client.signOut({ revoke: false })
      held.release()
      for (const ended of await waiting) {
        expect(ended).toMatchObject({ status: 'rejected', reason: { code: 'signed_out' } })
      }
      await expect.poll(() => server.history.count({ endpoint: 'revocation', status: 200 })).toBe(2)
      expect(await store.keys()).toEqual([])
      expect(client.getSnapshot()).toEqual({ status: 'signed-out' })
      await expect(client.getToken()).rejects.toMatchObject({ code: 'sign_in_required', detail: { reason: 'absent' } })
    })

    it(`wins over the refresh of another client of the same store, ${when}`, async () => {
      const store = memoryStore()
      const { client, another, signIn, server, clock } = rig({ client: { store } })
      await signIn()
      const other = another()
      clock.advance(hour)
      const held = server.faults.hold('token', { grant: 'refresh_token', when })
      const waiting = Promise.allSettled([other.getToken()])
      await held.arrived
      await client.signOut({ revoke: false })
      held.release()
      expect(await waiting).toMatchObject([{ status: 'rejected', reason: { code: 'signed_out' } }])
      await expect.poll(() => server.history.count({ endpoint: 'revocation', status: 200 })).toBe(2)
      expect(await store.keys()).toEqual([])
      expect(other.getSnapshot().status).toBe('signed-out')
    })

    it(`leaves a sign-in that finishes later alone, ${when}, and the old tokens are revoked`, async () => {
      const { client, signIn, server, clock } = rig()
      await signIn()
      clock.advance(hour)
      const held = server.faults.hold('token', { grant: 'refresh_token', when })
      const waiting = Promise.allSettled([client.getToken()])
      await held.arrived
      await client.signOut({ revoke: false })
      await signIn()
      const token = await client.getAccessToken()
      held.release()
      await waiting
      await settled()
      expect(await client.getAccessToken()).toBe(token)
      expect(client.getSnapshot().status).toBe('signed-in')
      await expect.poll(() => server.history.count({ endpoint: 'revocation', status: 200 })).toBe(2)
      expect((await client.fetch(`${server.apiUrl}/echo`)).status).toBe(200)
    })
  }
})

describe('the tokens of another server', () => {
  it('are shown to no server of ours, though they lie in its place: they are removed, or stay', async () => {
    const store = memoryStore()
    const { another, client, signIn, server } = rig({ client: { store } })
    await signIn()
    const [slot = ''] = await store.keys()
    await store.update(slot, (current) => current && { ...current, issuer: 'https://staging.example.com' })
    await expect(client.revoke()).rejects.toMatchObject({ code: 'issuer_mismatch' })
    expect(await store.keys()).toEqual([slot])
    expect(await another().signOut()).toEqual({ revocation: 'failed' })
    expect(await store.keys()).toEqual([])
    expect(server.history.count({ endpoint: 'revocation' })).toBe(0)
  })
})

describe('revoke', () => {
  it('says what went wrong, and forgets nothing then', async () => {
    const { client, signIn, server } = rig()
    await expect(client.revoke()).rejects.toMatchObject({ code: 'sign_in_required' })
    await signIn()
    server.faults.next('revocation', { status: 503 })
    await expect(client.revoke()).rejects.toMatchObject({ code: 'server_error', detail: { endpoint: 'revocation' } })
    expect(client.getSnapshot().status).toBe('signed-in')
    await client.revoke()
    expect(client.getSnapshot().status).toBe('signed-out')
    expect(server.history.count({ endpoint: 'revocation', status: 200 })).toBe(2)
  })

  it('forgets no tokens that came meanwhile without having them revoked', async () => {
    const { client, signIn, server, api } = rig()
    await signIn()
    const held = server.faults.hold('revocation')
    const revoking = client.revoke()
    await held.arrived
    await signIn()
    const authorization = `Bearer ${await client.getAccessToken()}`
    held.release()
    await revoking
    expect(client.getSnapshot().status).toBe('signed-out')
    expect((await server.fetch(api, { headers: { authorization } })).status).toBe(401)
  })

  it('says that the server cannot', async () => {
    const { client, signIn } = rig({
      server: { tamper: { metadata: (document) => ({ ...document, revocation_endpoint: undefined }) } },
    })
    await signIn()
    await expect(client.revoke()).rejects.toMatchObject({ code: 'unsupported' })
  })
})

describe('dispose', () => {
  it('may be called twice, and no listener is called after it', async () => {
    const { client, signIn, server, clock, events } = rig()
    const told: string[] = []
    client.subscribe(() => told.push('listener'))
    client.readable.subscribe(() => told.push('readable'))
    await signIn()
    await settled()
    clock.advance(hour)
    const held = server.faults.hold('token')
    const waiting = client.getToken()
    await held.arrived
    const before = [told.length, events.length]
    client.dispose()
    client.dispose()
    held.release()
    await waiting
    await settled()
    expect([told.length, events.length]).toEqual(before)
    client.subscribe(() => told.push('late'))
    await client.signOut()
    await settled()
    expect(told).not.toContain('late')
  })

  it('stops a listener that is about to be called', async () => {
    const { client, signIn } = rig()
    await signIn()
    const told: string[] = []
    client.subscribe(() => told.push('told'))
    await settled()
    told.length = 0
    const leaving = client.signOut({ revoke: false })
    client.dispose()
    await leaving
    await settled()
    expect(told).toEqual([])
  })

  it('stops watching the store', () => {
    let watching = 0
    const store = { ...memoryStore(), watch: () => (watching++, () => void watching--) }
    const { client } = rig()
    const other = createClient({ provider: client.provider, clientId: 'app', store })
    expect(watching).toBe(0)
    const stop = other.subscribe(() => undefined)
    other.subscribe(() => undefined)
    expect(watching).toBe(1)
    stop()
    stop()
    expect(watching).toBe(1)
    other.dispose()
    expect(watching).toBe(0)
  })

  it('is not kept from that by a store that cannot stop', async () => {
    const watch = () => () => {
      throw new Error('The connection is gone.')
    }
    const { client, signIn } = rig({ client: { store: { ...memoryStore(), watch } } })
    const told: string[] = []
    client.subscribe(() => told.push('told'))
    expect(() => client.dispose()).not.toThrow()
    await signIn()
    await settled()
    expect(told).toEqual([])
  })
})
