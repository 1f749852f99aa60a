import { describe, expect, it } from 'vitest'

import { isOAuthError, OAuthError } from '../../../src/errors.ts'
import type { Client, ClientAuth, ClientEvent, Store } from '../../../src/index.ts'
import { hour, rig } from '../client/rig.ts'
import type { Rig, RigOptions } from '../client/rig.ts'
import { faultyStore } from './faulty-store.ts'
import type { FaultyStore } from './faulty-store.ts'

/** Somebody who signed in an hour ago. */
async function ended(options: RigOptions = {}, solitary = true): Promise<Rig & { readonly store: FaultyStore }> {
  const store = faultyStore(solitary)
  const all = rig({ ...options, client: { store, ...options.client } })
  await all.signIn()
  all.clock.advance(hour)
  store.calls.length = 0
  return { ...all, store }
}

const code = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no failure',
    (error: unknown) => (isOAuthError(error) ? error.code : error),
  )

const refresh = { grant: 'refresh_token' } as const

/** Lets time pass until `work` settles: somebody sleeps. */
async function passing<T>(clock: Rig['clock'], work: Promise<T>): Promise<T> {
  let done = false
  const over = (): void => void (done = true)
  work.then(over, over)
  for (let i = 0; i < 4000 && !done; i++) {
    await new Promise((resolve) => setTimeout(resolve, 1))
    clock.advance(50)
  }
  return work
}

describe('promise 1: a rotated refresh token is durable before anyone sees the new access token', () => {
  it('serves nothing while the commit is under way', async () => {
    const { client, store } = await ended()
    const commit = store.stall(2)
    let served = false
    const token = client.getAccessToken().then((text) => ((served = true), text))
    await commit.arrived
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(served).toBe(false)
    commit.release()
    expect(await token).toBe((await store.peek())?.tokens.accessToken)
  })
})

describe('promise 2: at most one refresh is in flight', () => {
  it('asks once for many clients of one store, whatever they need', async () => {
    const { client, another, refreshes } = await ended()
    const clients: Client[] = [client, ...Array.from({ length: 9 }, () => another())]
    const options = [{}, { forceRefresh: true }, { minValidity: 600_000 }]
    const tokens = await Promise.all(clients.flatMap((one) => options.map((option) => one.getAccessToken(option))))
    expect(new Set(tokens).size).toBe(1)
    expect(refreshes()).toBe(1)
  })

  it('asks once where refresh tokens do not rotate, also early and by force', async () => {
    const { client, another, clock, signIn, refreshes } = rig({
      server: { rotation: 'none' },
      client: { store: faultyStore() },
    })
    await signIn()
    const clients = [client, another(), another()]
    await Promise.all(clients.map((one) => one.getAccessToken()))
    clock.advance(hour - 60_000)
    await Promise.all(clients.map((one) => one.getAccessToken({ forceRefresh: true })))
    expect(refreshes()).toBe(1)
  })

  it('keeps the store right when the lock keeps nobody out', async () => {
    const { client, another, store, clock, server } = await ended({ server: { rotation: 'grace' } }, false)
    store.ignoreLock()
    await passing(clock, Promise.all([client, another(), another()].map((one) => one.getAccessToken())))
    clock.advance(hour)
    await client.getAccessToken()
    expect(server.history.count({ endpoint: 'token', reuse: true })).toBe(0)
  })

  it('lets one of two who lost the lock present a refresh token first', async () => {
    const { client, another, store, server, refreshes } = await ended({ server: { rotation: 'grace' } })
    store.ignoreLock()
    const intent = store.stall(1)
    const first = client.getAccessToken()
    await intent.arrived
    const held = server.faults.hold('token', refresh)
    const second = another().getAccessToken()
    await held.arrived
    intent.release()
    await new Promise((resolve) => setTimeout(resolve, 20))
    held.release()
    await Promise.all([first, second])
    expect((await store.peek())?.intent).toBeUndefined()
    expect(refreshes()).toBeLessThanOrEqual(2)
  })
})

describe('promise 3: a successful answer is never thrown away', () => {
  it("survives its caller's abort", async () => {
    const { client, server, store, refreshes } = await ended()
    const held = server.faults.hold('token', { ...refresh, when: 'after-commit' })
    const abort = new AbortController()
    const call = code(client.getToken({ signal: abort.signal }))
    await held.arrived
    abort.abort()
    expect(await call).toBe('aborted')
    held.release()
    expect(await client.getAccessToken()).toBe((await store.peek())?.tokens.accessToken)
    expect(refreshes()).toBe(1)
  })

  it('keeps the new refresh token of an answer that is otherwise of no use', async () => {
    const { client, server, refreshes } = await ended()
    server.faults.next('token', { ...refresh, fields: { token_type: 'mac' } })
    expect(await code(client.getToken())).toBe('invalid_response')
    await client.getToken()
    expect(refreshes()).toBe(2)
    expect(server.history.count({ endpoint: 'token', reuse: true })).toBe(0)
  })

  it('is kept where a row finds less in it than in the first answer', async () => {
    const { another, clock, server, store, refreshes } = await ended()
    const readAccount = ({ who }: Readonly<Record<string, unknown>>): { readonly accountId: string } => ({
      accountId: (who as { readonly id: string }).id,
    })
    server.tamper.tokenResponse = (body) => ({ ...body, who: { id: 'a1' } })
    const client = another({ provider: { ...another().provider, readAccount } })
    const { url } = await client.start()
    await client.finish(await server.approve(url))
    delete server.tamper.tokenResponse
    clock.advance(hour)
    await client.getToken()
    expect([refreshes(), (await store.peek())?.account]).toEqual([1, { accountId: 'a1' }])
  })

  it('is stored past a lock that was lost under it, so that others find it', async () => {
    const store = faultyStore()
    const lost = new OAuthError('persist_failed', { where: 'the store', reason: 'the lock was lost.' })
    const lock: Store['lock'] = (key, task, options) =>
      store.lock(
        key,
        (held) => {
          let writings = 0
          return task({ ...held, update: (...args) => (writings++ > 0 ? Promise.reject(lost) : held.update(...args)) })
        },
        options,
      )
    const { client, another, events, refreshes } = await ended({ client: { store: { ...store, lock } } })
    const token = await client.getAccessToken()
    expect((await store.peek())?.tokens.accessToken).toBe(token)
    expect(await another().getAccessToken()).toBe(token)
    expect(refreshes()).toBe(1)
    expect(events.map(({ type }) => type)).not.toContain('persist-failed')
  })

  it.each([
    ['once', (call: number) => call === 2, 'stored'],
    ['for a time', (call: number) => call > 1, 'in memory'],
  ] as const)('survives a store that fails %s', async (_, when, where) => {
    const { client, store, clock, server, events, refreshes } = await ended()
    store.fail('update', when)
    const token = await client.getAccessToken()
    expect((await store.peek())?.tokens.accessToken === token).toBe(where === 'stored')
    expect(events.some(({ type }) => type === 'persist-failed')).toBe(where === 'in memory')
    store.fail('update', () => false)
    expect(await client.getAccessToken()).toBe(token)
    await expect.poll(async () => (await store.peek())?.tokens.accessToken).toBe(token)
    await new Promise((resolve) => setTimeout(resolve, 20))
    clock.advance(hour)
    await client.getAccessToken()
    expect([refreshes(), server.history.count({ endpoint: 'token', reuse: true })]).toEqual([2, 0])
  })

  it('survives a lock that breaks around it, and a store that fails then', async () => {
    const { client, store, server, refreshes } = await ended()
    const thief = store.stealable()
    const held = server.faults.hold('token', refresh)
    const token = client.getAccessToken()
    await held.arrived
    thief.steal()
    store.fail('update', () => true)
    held.release()
    const served = await token
    store.fail('update', () => false)
    expect(await client.getAccessToken()).toBe(served)
    expect(refreshes()).toBe(1)
  })
})

describe('promise 4: a failed refresh never makes the store worse', () => {
  it.each([
    ['a broken server', { status: 503 }, 'server_error'],
    ['a busy server', { status: 429, retryAfter: 10 }, 'rate_limited'],
    ['a web page', { status: 401, body: '<html>' }, 'invalid_response'],
    ['another refusal', { status: 400, body: { error: 'invalid_client' } }, 'authorization_failed'],
  ] as const)('leaves the record as it was after %s, and goes on', async (_, fault, expected) => {
    const { client, server, store, clock } = await ended()
    const before = await store.peek()
    server.faults.next('token', { ...refresh, ...fault })
    expect(await code(client.getToken())).toBe(expected)
    expect(await store.peek()).toEqual(before)
    clock.advance(60_000)
    expect(await code(client.getToken())).toBe('no failure')
  })

  it('asks nobody before the time that the server named', async () => {
    const { client, server, clock, refreshes } = await ended()
    server.faults.next('token', { ...refresh, status: 429, retryAfter: 30 })
    for (let i = 0; i < 5; i++) expect(await code(client.getToken())).toBe('rate_limited')
    expect(refreshes()).toBe(1)
    clock.advance(30_000)
    expect(await code(client.getToken())).toBe('no failure')
  })
})

describe('promise 5: the intent is durable before the request leaves', () => {
  it('shows it while the request is under way, and takes it away with the answer', async () => {
    const { client, server, store } = await ended()
    const held = server.faults.hold('token', refresh)
    const token = client.getToken()
    await held.arrived
    expect((await store.peek())?.intent).toMatchObject({ lost: 0 })
    held.release()
    await token
    expect((await store.peek())?.intent).toBeUndefined()
  })

  it('refreshes nothing that it could not write', async () => {
    const { client, store, refreshes } = await ended()
    store.fail('update', () => true)
    expect(await code(client.getToken())).toBe('persist_failed')
    expect(refreshes()).toBe(0)
  })

  it('counts no intent that a store has written and called a failure', async () => {
    const { client, store, refreshes } = await ended()
    for (let i = 0; i < 3; i++) {
      store.fail('update', (call) => call === 1, true)
      expect(await code(client.getToken())).toBe('persist_failed')
    }
    expect([await code(client.getToken()), refreshes()]).toEqual(['no failure', 1])
  })
})

describe('promise 6: an ambiguous outcome is repeated as the rotation policy allows', () => {
  it.each([
    ['none', 'no failure', 2],
    ['until-first-use', 'no failure', 2],
    ['previous-generation', 'no failure', 2],
    ['strict', 'sign_in_required', 2],
  ] as const)('under rotation %s', async (rotation, expected, presentations) => {
    const { client, server, refreshes } = await ended({ server: { rotation } })
    server.faults.next('token', { ...refresh, drop: true, when: 'after-commit' })
    expect(await code(client.getToken())).toBe(expected)
    expect(await code(client.getToken())).toBe(expected)
    expect(refreshes()).toBe(presentations)
  })

  it('shows a refresh token no third time', async () => {
    const { client, server, refreshes } = await ended()
    server.faults.always('token', { ...refresh, drop: true })
    expect(await code(client.getToken())).toBe('network')
    for (let i = 0; i < 3; i++) expect(await code(client.getToken())).toBe('sign_in_required')
    expect(refreshes()).toBe(2)
  })

  it('serves the old token while it lasts, and repeats nothing meanwhile', async () => {
    const { client, server, clock, signIn, refreshes } = rig()
    await signIn()
    const token = await client.getAccessToken()
    clock.advance(hour - 60_000)
    server.faults.next('token', { ...refresh, drop: true })
    for (let i = 0; i < 10; i++) expect(await client.getAccessToken()).toBe(token)
    await expect.poll(refreshes).toBe(1)
    expect(await client.getAccessToken()).toBe(token)
    expect(refreshes()).toBe(1)
  })
})

describe('promise 7: only a terminal refusal asks for a new sign-in, after looking for a sibling', () => {
  it.each([0, 250, 1750])('takes over what a sibling commits %i ms later', async (delay) => {
    const { client, another, server, store, clock } = await ended({}, false)
    const sibling = another()
    server.faults.next('token', { ...refresh, status: 400, body: { error: 'invalid_grant' } })
    const token = client.getAccessToken()
    await expect.poll(async () => (await store.peek())?.dead?.error).toBe('invalid_grant')
    for (let passed = 0; passed < delay; passed += 250) {
      await new Promise((resolve) => setTimeout(resolve, 5))
      if (passed + 250 < delay) clock.advance(250)
    }
    await store.poke((current) => ({
      ...current,
      tokens: { ...current.tokens, accessToken: 'theirs', refreshToken: 'next', expiresAt: clock.now() + hour },
    }))
    expect(await passing(clock, token)).toBe('theirs')
    expect(await sibling.getAccessToken()).toBe('theirs')
  })

  it('tells whoever waits for the lock, without another request', async () => {
    const { client, another, server, clock, refreshes } = await ended({}, false)
    server.faults.always('token', { ...refresh, status: 400, body: { error: 'invalid_grant' } })
    const calls = [client, another(), another()].map((one) => code(one.getToken()))
    expect(await passing(clock, Promise.all(calls))).toEqual(Array(3).fill('sign_in_required'))
    expect(refreshes()).toBe(1)
  })

  it('keeps the record, and holds nothing against a later sign-in', async () => {
    const { client, server, store, signIn, clock } = await ended()
    server.faults.next('token', { ...refresh, status: 400, body: { error: 'invalid_grant' } })
    expect(await code(client.getToken())).toBe('sign_in_required')
    expect(client.getSnapshot()).toMatchObject({ status: 'signed-out', error: 'sign_in_required' })
    expect((await store.peek())?.tokens.refreshToken).toBeDefined()
    await signIn()
    clock.advance(hour)
    expect(await code(client.getToken())).toBe('no failure')
  })
})

describe('promise 8: sign-out wins', () => {
  it('over a refresh whose answer comes later, and its tokens are revoked', async () => {
    const { client, server, store } = await ended()
    const held = server.faults.hold('token', { ...refresh, when: 'after-commit' })
    const call = code(client.getToken())
    await held.arrived
    await client.signOut()
    const revoked = server.history.count({ endpoint: 'revocation' })
    held.release()
    expect(await call).toBe('signed_out')
    expect(await store.peek()).toBeUndefined()
    expect(server.history.count({ endpoint: 'revocation' })).toBeGreaterThan(revoked)
    expect(await code(client.getToken())).toBe('sign_in_required')
  })

  it('over a refresh of another client', async () => {
    const { client, another, server, store } = await ended()
    const held = server.faults.hold('token', { ...refresh, when: 'after-commit' })
    const call = code(another().getToken())
    await held.arrived
    await client.signOut()
    held.release()
    expect(await call).toBe('signed_out')
    expect(await store.peek()).toBeUndefined()
  })

  it('over whoever reads while the record is being removed', async () => {
    const { client, store, clock, signIn } = await ended()
    await signIn()
    clock.advance(1000)
    const removal = store.stall(1)
    const out = client.signOut()
    await removal.arrived
    await client.getToken()
    removal.release()
    await out
    expect(client.getSnapshot().status).toBe('signed-out')
    expect(await code(client.getToken())).toBe('sign_in_required')
  })

  it('over tokens that could not be written, and revokes those', async () => {
    const { client, server, store } = await ended()
    store.fail('update', (call) => call > 1)
    await client.getToken()
    store.fail('update', () => false)
    await client.signOut()
    expect(await store.peek()).toBeUndefined()
    expect(await code(client.getToken())).toBe('sign_in_required')
    expect(server.history.count({ endpoint: 'revocation', status: 200 })).toBeGreaterThan(0)
  })

  it('but a sign-in that finishes later stands', async () => {
    const { client, server, signIn, refreshes } = await ended()
    const held = server.faults.hold('token', { ...refresh, when: 'after-commit' })
    const call = client.getAccessToken()
    await held.arrived
    await client.signOut()
    await signIn()
    held.release()
    // Whoever asked before is served by the session that there is now.
    expect(await call).toBe(await client.getAccessToken())
    expect(client.getSnapshot().status).toBe('signed-in')
    expect(refreshes()).toBe(1)
  })
})

describe('promise 10: every wait is bounded, and the hot path does no I/O', () => {
  it('touches no store and no lock for a token at hand', async () => {
    const { client, store, signIn } = await ended()
    await signIn()
    store.calls.length = 0
    for (let i = 0; i < 1000; i++) await client.getAccessToken()
    expect(store.calls).toEqual([])
  })

  it('lets go of the lock where the client cannot be authenticated in time', async () => {
    let answers = true
    const clientAuth: ClientAuth = async ({ body, clientId }) => {
      if (!answers) await new Promise(() => undefined)
      body.set('client_id', clientId)
    }
    const { client, another, clock, refreshes } = await ended({ client: { clientAuth, timeout: 1000 } })
    answers = false
    expect(await code(passing(clock, client.getToken()))).toBe('timeout')
    answers = true
    expect(await code(passing(clock, another().getToken()))).toBe('no failure')
    expect(refreshes()).toBe(1)
  })

  it('gives up on a store that never answers, and on one that never lets go', async () => {
    const { client, store, clock } = await ended()
    store.stall(1)
    expect(await passing(clock, code(client.getToken()))).toBe('timeout')
  })
})

describe('promise 11: no callback runs inside a lock', () => {
  it('lets a listener ask for a token, sign out, or throw', async () => {
    const store = faultyStore()
    const inside: boolean[] = []
    const answers: Promise<unknown>[] = []
    const listen = (event: ClientEvent): void => {
      inside.push(store.calls.lastIndexOf('lock') > store.calls.lastIndexOf('unlock'))
      if (event.type === 'refreshed') answers.push(code(all.client.getToken({ forceRefresh: true })))
      throw new Error('mine')
    }
    const all = rig({ client: { store, onEvent: listen } })
    await all.signIn()
    all.clock.advance(hour)
    const stop = all.client.subscribe(() => {
      inside.push(store.calls.lastIndexOf('lock') > store.calls.lastIndexOf('unlock'))
    })
    await all.client.getToken()
    expect(await Promise.all(answers.slice(0, 1))).toEqual(['no failure'])
    stop()
    expect(inside.length).toBeGreaterThan(2)
  })
})

describe('promise 12: tokens go to nobody but their issuer', () => {
  it('serves and presents nothing that another issuer issued, however good it is', async () => {
    const { client, another, store, signIn, refreshes } = await ended()
    await signIn()
    await store.poke((current) => ({ ...current, issuer: 'https://evil.example' }))
    expect(await code(another().getToken())).toBe('issuer_mismatch')
    expect(await code(another().getToken({ forceRefresh: true }))).toBe('issuer_mismatch')
    expect(refreshes()).toBe(0)
    expect(await code(client.getToken())).toBe('no failure')
  })
})
