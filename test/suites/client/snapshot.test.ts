import { describe, expect, it } from 'vitest'

import { memoryStore } from '../../../src/index.ts'
import type { Snapshot, Store } from '../../../src/index.ts'
import { hour, rig, settled, watched } from './rig.ts'

describe('the snapshot', () => {
  it('is the same object until something changes, and cannot be changed', async () => {
    const { client, signIn, clock } = rig()
    const seen = [client.getSnapshot()]
    expect(client.getSnapshot()).toBe(seen[0])
    await signIn()
    seen.push(client.getSnapshot())
    await client.getToken()
    await client.getToken({ forceRefresh: true })
    // The clock stands still, so that nothing one can see has changed.
    expect(client.getSnapshot()).toBe(seen[1])
    clock.advance(hour)
    await client.getToken()
    seen.push(client.getSnapshot())
    await client.signOut()
    seen.push(client.getSnapshot())
    await client.signOut()
    expect(client.getSnapshot()).toBe(seen[3])
    expect(seen.map(({ status }) => status)).toEqual(['loading', 'signed-in', 'signed-in', 'signed-out'])
    expect(new Set(seen).size).toBe(4)
    for (const snapshot of seen) expect(Object.isFrozen(snapshot)).toBe(true)
    expect(Object.isFrozen(seen[1]?.account)).toBe(true)
  })

  it('is read from the store when the first listener comes', async () => {
    const store = memoryStore()
    const { client, another, signIn } = rig({ client: { store } })
    const before = another()
    before.subscribe(() => undefined)
    await expect.poll(() => before.getSnapshot().status).toBe('signed-out')
    await signIn()
    const after = another()
    after.subscribe(() => undefined)
    expect(after.getSnapshot().status).toBe('loading')
    await expect.poll(() => after.getSnapshot()).toEqual(client.getSnapshot())
  })

  it('follows another client of the same store', async () => {
    const store = memoryStore()
    const { another, client, signIn, clock } = rig({ client: { store } })
    const other = another()
    const seen: Snapshot[] = []
    other.readable.subscribe((snapshot) => seen.push(snapshot))
    await settled()
    await signIn()
    await settled()
    clock.advance(hour)
    await client.getToken()
    await settled()
    await client.signOut()
    await settled()
    expect(seen.map(({ status, expiresAt }) => [status, expiresAt])).toEqual([
      ['loading', undefined],
      ['signed-out', undefined],
      ['signed-in', clock.now()],
      ['signed-in', clock.now() + hour],
      ['signed-out', undefined],
    ])
  })

  it('says what failed last, and nothing of it after a success', async () => {
    const { client, signIn, server, clock } = rig()
    await signIn()
    clock.advance(hour)
    server.faults.next('token', { status: 503 })
    await expect(client.getToken()).rejects.toMatchObject({ code: 'server_error' })
    expect(client.getSnapshot()).toMatchObject({ status: 'signed-in', error: 'server_error' })
    await client.getToken()
    expect(client.getSnapshot()).not.toHaveProperty('error')
  })

  it('says that a session is over, also when it is read again, and to a client that comes later', async () => {
    const store = memoryStore()
    const { client, another, signIn, server, clock } = rig({ client: { store } })
    await signIn()
    server.revokeSessions()
    clock.advance(hour)
    await expect(client.getToken()).rejects.toMatchObject({ code: 'sign_in_required', detail: { reason: 'rejected' } })
    const over = { status: 'signed-out', error: 'sign_in_required' }
    expect(client.getSnapshot()).toEqual(over)
    const later = another()
    later.subscribe(() => undefined)
    client.subscribe(() => undefined)
    // Both have read the store before time goes on; a reading still under way would time out.
    await expect.poll(() => later.getSnapshot().status).not.toBe('loading')
    await settled()
    clock.advance(hour)
    await settled()
    expect(client.getSnapshot()).toEqual(over)
    await expect(later.getToken()).rejects.toMatchObject({ code: 'sign_in_required' })
    expect(later.getSnapshot()).toEqual(over)
    await signIn()
    await expect.poll(() => later.getSnapshot().status).toBe('signed-in')
  })

  it('says that a session without a refresh token is over when its token has ended', async () => {
    const { client, signIn, server, clock } = rig()
    server.tamper.tokenResponse = (body) => ({ ...body, refresh_token: undefined })
    await signIn()
    expect(client.getSnapshot().status).toBe('signed-in')
    clock.advance(hour)
    await expect(client.getToken()).rejects.toMatchObject({ code: 'sign_in_required', detail: { reason: 'expired' } })
    expect(client.getSnapshot()).toEqual({ status: 'signed-out', error: 'sign_in_required' })
  })

  it('says that the store cannot be read', async () => {
    const broken: Store = { ...memoryStore(), get: async () => Promise.reject(new Error('no')) }
    const { client } = rig({ client: { store: broken } })
    client.subscribe(() => undefined)
    await expect.poll(() => client.getSnapshot()).toEqual({ status: 'loading', error: 'store_denied' })
  })
})

describe('a listener', () => {
  it('is called once for each change until it goes, also when it came twice', async () => {
    const { client, signIn } = rig()
    const told: number[] = []
    const listener = (): void => void told.push(1)
    const stops = [client.subscribe(listener), client.subscribe(listener)]
    await expect.poll(() => told.length).toBe(2)
    stops[0]?.()
    stops[0]?.()
    await signIn()
    await settled()
    expect(told).toHaveLength(3)
    stops[1]?.()
    await client.signOut()
    await settled()
    expect(told).toHaveLength(3)
  })

  it('is not called any more once it has gone, even if it was about to be', async () => {
    const { client, signIn } = rig()
    await signIn()
    const told: string[] = []
    const stops = [client.subscribe(() => stops[1]?.()), client.subscribe(() => told.push('too late'))]
    await settled()
    await client.signOut({ revoke: false })
    await settled()
    expect(told).toEqual([])
  })

  it('of the Svelte kind is told at once, and then of each change', async () => {
    const { client, signIn } = rig()
    const seen: string[] = []
    const stop = client.readable.subscribe(({ status }) => seen.push(status))
    expect(seen).toEqual(['loading'])
    await settled()
    await signIn()
    await settled()
    stop()
    await client.signOut()
    await settled()
    expect(seen).toEqual(['loading', 'signed-out', 'signed-in'])
  })

  it('may ask for tokens and sign out without anybody waiting for himself', async () => {
    const { client, signIn } = rig()
    const done: string[] = []
    client.subscribe(() => {
      void client.getToken({ forceRefresh: true }).then(
        () => done.push('token'),
        () => done.push('none'),
      )
    })
    await watched(signIn())
    await watched(client.getToken({ forceRefresh: true }))
    await watched(client.signOut())
    await expect.poll(() => done.length).toBeGreaterThan(1)
  })

  it('of events may ask for tokens and sign out', async () => {
    let out: Promise<unknown> | undefined
    const { another, signIn, clock } = rig()
    const client = another({
      onEvent: ({ type }) => {
        if (type === 'refreshed') out = client.getToken({ forceRefresh: false }).then(() => client.signOut())
      },
    })
    await watched(signIn(client))
    clock.advance(hour)
    await watched(Promise.allSettled([client.getToken()]))
    await watched(Promise.resolve(out))
    expect(client.getSnapshot().status).toBe('signed-out')
  })

  it('that throws, now or later, changes nothing', async () => {
    const { another, signIn } = rig()
    const client = another({
      onEvent: (async () => {
        await Promise.resolve()
        throw new Error('late')
      }) as () => void,
    })
    client.subscribe(() => {
      throw new Error('now')
    })
    client.subscribe((async () => {
      throw new Error('later')
    }) as () => void)
    const seen: string[] = []
    client.readable.subscribe(({ status }) => {
      seen.push(status)
      throw new Error('always')
    })
    const plain = another({
      onEvent: () => {
        throw new Error('now')
      },
    })
    await settled()
    await signIn(client)
    await signIn(plain)
    await settled()
    expect(seen.at(-1)).toBe('signed-in')
    expect(plain.getSnapshot().status).toBe('signed-in')
  })
})

describe('events', () => {
  it('come in the order of what happened', async () => {
    const store = memoryStore()
    const { client, another, signIn, server, clock, events } = rig({ client: { store } })
    const theirs: string[] = []
    const other = another({ onEvent: ({ type }) => theirs.push(type) })
    await signIn()
    await other.getToken()
    clock.advance(hour)
    await client.getToken()
    await other.getToken()
    clock.advance(hour)
    server.faults.next('token', { status: 503 })
    await client.getToken().catch(() => undefined)
    await client.getToken()
    await client.signOut()
    await other.getToken({ forceRefresh: true }).catch(() => undefined)
    expect(events).toMatchObject([
      { type: 'signed-in', account: { subject: 'ada' } },
      { type: 'refreshed' },
      { type: 'refresh-failed', code: 'server_error', retryable: true },
      { type: 'refreshed', expiresAt: clock.now() + hour },
      { type: 'signed-out', reason: 'asked' },
    ])
    expect(theirs).toEqual(['signed-out'])
  })

  it('say that the server has ended the session', async () => {
    const { client, signIn, server, events } = rig()
    await signIn()
    server.revokeSessions()
    await client.getToken({ forceRefresh: true }).catch(() => undefined)
    expect(events.at(-1)).toEqual({ type: 'signed-out', reason: 'rejected' })
  })
})
