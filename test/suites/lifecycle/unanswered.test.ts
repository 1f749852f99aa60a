import { describe, expect, it } from 'vitest'

import type { Fetch, Rotation, StoredRecord } from '../../../src/contracts.ts'
import { isOAuthError } from '../../../src/errors.ts'
import { memoryStore } from '../../../src/index.ts'
import type { ClientOptions, Store } from '../../../src/index.ts'
import { oidc } from '../../../src/providers/oidc.ts'
import { hour, rig, settled } from '../client/rig.ts'
import type { Rig } from '../client/rig.ts'
import { faultyStore } from './faulty-store.ts'

const refresh = { grant: 'refresh_token' } as const

const code = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no failure',
    (error: unknown) => (isOAuthError(error) ? error.code : error),
  )

describe('an answer that comes after we gave up', () => {
  it("is understood in the provider's own words", async () => {
    const store = memoryStore()
    const { another, server, clock, refreshes } = rig()
    const provider = { ...oidc({ issuer: server.issuer }), terminalErrors: ['refresh_token_reused'] }
    const client = another({ provider, store, timeout: 1000 })
    const { url } = await client.start()
    await client.finish(await server.approve(url))
    clock.advance(hour)
    server.faults.next('token', { ...refresh, latency: 5000, status: 400, body: { error: 'refresh_token_reused' } })
    const call = code(client.getToken())
    await expect.poll(refreshes).toBe(1)
    await settled()
    clock.advance(1000)
    expect(await call).toBe('timeout')
    clock.advance(4000)
    await expect.poll(async () => (await store.get(provider.id))?.dead?.error).toBe('refresh_token_reused')
  })

  it('makes no life longer than it is', async () => {
    const store = memoryStore()
    const { client, server, signIn, clock, refreshes } = rig({ client: { store, timeout: 60_000 } })
    await signIn()
    clock.advance(hour)
    const sentAt = clock.now()
    server.faults.next('token', { ...refresh, latency: 90_000, when: 'after-commit' })
    const call = code(client.getToken())
    await expect.poll(refreshes).toBe(1)
    await settled()
    clock.advance(60_000)
    expect(await call).toBe('timeout')
    clock.advance(30_000)
    await expect.poll(async () => (await store.get(client.provider.id))?.tokens.obtainedAt).toBe(sentAt)
    await settled()
    expect(await client.getToken()).toMatchObject({ obtainedAt: sentAt, expiresAt: sentAt + hour })
    expect(refreshes()).toBe(1)
  })

  it('yields to whoever has announced the refresh token again, though only just now', async () => {
    const store = faultyStore(false)
    const { client, another, server, signIn, clock, refreshes } = rig({
      server: { rotation: 'grace' },
      client: { store, timeout: 1000 },
    })
    await signIn()
    const before = await client.getAccessToken()
    clock.advance(hour)
    server.faults.next('token', { ...refresh, latency: 5000, when: 'after-commit' })
    const call = code(client.getToken())
    await expect.poll(refreshes).toBe(1)
    await settled()
    clock.advance(1000)
    expect(await call).toBe('timeout')
    const commit = store.stall(1)
    clock.advance(4000)
    await commit.arrived
    const held = server.faults.hold('token', refresh)
    const token = another().getAccessToken()
    await held.arrived
    commit.release()
    await settled()
    expect((await store.peek())?.tokens.accessToken).toBe(before)
    held.release()
    await token
    await settled()
    expect((await store.peek())?.tokens.accessToken).toBe(await token)
  })
})

describe('a call that everybody has given up', () => {
  it('says nothing of a session that began after it had looked', async () => {
    const store = faultyStore(false)
    let look = (): void => undefined
    let land = (): void => undefined
    const looks = new Promise<void>((resolve) => (look = resolve))
    const lands = new Promise<void>((resolve) => (land = resolve))
    const lock: Store['lock'] = (key, task, options) =>
      store.lock(
        key,
        (held) =>
          task({ ...held, get: () => looks.then(() => held.get(key)).then((found) => lands.then(() => found)) }),
        options,
      )
    const { client, another, signIn, clock } = rig({ client: { store } })
    const slow = another({ store: { ...store, lock } })
    await signIn()
    clock.advance(hour)
    const call = code(slow.getToken())
    await expect.poll(() => store.calls).toContain('lock')
    await client.signOut()
    look()
    for (let i = 0; i < 3; i++) {
      await settled()
      clock.advance(120_000)
    }
    expect(await call).toBe('timeout')
    await signIn()
    const token = await slow.getAccessToken()
    land()
    await settled()
    expect(slow.getSnapshot().status).toBe('signed-in')
    expect(await slow.getAccessToken()).toBe(token)
  })
})

describe('a refresh token whose next lost answer would cost the session', () => {
  it.each(['unknown', 'strict'] as const)('is not shown while nobody can be reached (%s)', async (rotation) => {
    const { line, get, stored, shown } = await cut(rotation)
    expect(await get()).toBe('network')
    for (let i = 0; i < 5; i++) expect(await get()).toBe('network')
    // Nothing has arrived, and only the first of them has left.
    expect([shown(), (await stored())?.intent?.lost]).toEqual([1, 0])
    line.connected = true
    expect(await get()).toBe('no failure')
    expect(shown()).toBe(2)
  })

  it('is shown again where that costs nothing, and nobody is asked first', async () => {
    const { line, get, shown } = await cut('grace')
    for (let i = 0; i < 3; i++) expect(await get()).toBe('network')
    expect(line.methods).not.toContain('HEAD')
    expect(shown()).toBeGreaterThan(3)
  })

  it('is shown once more when a refusal to answer proves that the server is there', async () => {
    const { line, get, shown } = await cut('unknown')
    line.connected = 'only to ask'
    expect(await get()).toBe('network')
    expect(await get()).toBe('sign_in_required')
    expect([shown(), line.methods.filter((method) => method === 'HEAD').length]).toEqual([2, 1])
  })

  it('is not shown while whoever is asked first does not answer, nor does that take for ever', async () => {
    const { line, get, clock, shown } = await cut('unknown')
    expect(await get()).toBe('network')
    line.connected = 'silent'
    const call = get()
    for (let i = 0; i < 10; i++) {
      await settled()
      clock.advance(1000)
    }
    expect([await call, shown()]).toEqual(['network', 1])
  })
})

interface Cut extends Rig {
  readonly line: { connected: boolean | 'silent' | 'only to ask'; readonly methods: string[] }
  /** How a call for a token ends. */
  get(): Promise<unknown>
  stored(): Promise<StoredRecord | undefined>
  /** How often the refresh token has left. */
  shown(): number
}

/** Somebody who signed in an hour ago, and whose connection fails without a word of where. */
async function cut(rotation: Rotation): Promise<Cut> {
  const line: Cut['line'] = { connected: true, methods: [] }
  const store = memoryStore()
  const between =
    (server: Fetch): Fetch =>
    async (input, init) => {
      const method = init?.method ?? 'GET'
      line.methods.push(method)
      if (line.connected === 'silent') return new Promise(() => undefined)
      if (line.connected === false || (line.connected === 'only to ask' && method === 'POST')) {
        throw new TypeError('Failed to fetch')
      }
      return server(input, init)
    }
  const all = rig({ between, client: { store, timeout: 5000 } })
  const options: Partial<ClientOptions> = { provider: { ...oidc({ issuer: all.server.issuer }), rotation } }
  const client = all.another(options)
  const { url } = await client.start()
  await client.finish(await all.server.approve(url))
  all.clock.advance(hour)
  line.connected = false
  const signIns = line.methods.filter((method) => method === 'POST').length
  return {
    ...all,
    line,
    get: () => code(client.getToken()),
    stored: () => store.get(client.provider.id),
    shown: () => line.methods.filter((method) => method === 'POST').length - signIns,
  }
}
