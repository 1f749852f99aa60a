import { describe, expect, it } from 'vitest'

import { createClient, isOAuthError, memoryStore, memoryTransactions } from '../../../src/index.ts'
import type { Store, Transaction, TransactionStore } from '../../../src/index.ts'
import { hour, rig, settled, watched } from './rig.ts'

/** A transaction store whose answers take their time, the empty ones less. */
function slowTransactions(): TransactionStore & { readonly kept: Map<string, Transaction> } {
  const kept = new Map<string, Transaction>()
  return {
    kept,
    put: async (transaction) => void kept.set(transaction.state, transaction),
    take: async (state) => {
      const transaction = kept.get(state)
      kept.delete(state)
      await new Promise((resolve) => setTimeout(resolve, transaction === undefined ? 1 : 30))
      return transaction
    },
  }
}

interface Brittle {
  readonly store: Store
  broken: boolean
}

/** A store that can be made to refuse. */
function brittleStore(): Brittle {
  const inner = memoryStore()
  const update: Store['update'] = async (key, change) => {
    if (brittle.broken) throw new Error('The disk is full.')
    return inner.update(key, change)
  }
  const brittle: Brittle = {
    broken: false,
    store: {
      ...inner,
      update,
      lock: (key, task, options) => inner.lock(key, () => task({ get: inner.get, update }), options),
    },
  }
  return brittle
}

describe('start', () => {
  it('gives back what JSON holds, and refuses what it does not', async () => {
    const { client, server } = rig()
    const appState = { to: '/inbox', list: [1, null, 'two', true], nested: { empty: undefined } }
    const { url } = await client.start({ appState })
    const result = await client.finish(await server.approve(url))
    expect(result.appState).toEqual({ to: '/inbox', list: [1, null, 'two', true], nested: {} })

    const circular: Record<string, unknown> = {}
    circular['self'] = circular
    for (const bad of [
      1n,
      () => 1,
      Symbol('x'),
      { f: () => 1 },
      new Map(),
      { at: Number.NaN },
      circular,
      new Set([1]),
    ]) {
      await expect(client.start({ appState: bad })).rejects.toThrow(
        new TypeError('appState must be what JSON can hold.'),
      )
    }
  })

  it('copies the state of the application when it is given', async () => {
    const { client, server } = rig()
    const appState = { to: '/a' }
    const { url } = await client.start({ appState })
    appState.to = '/b'
    expect((await client.finish(await server.approve(url))).appState).toEqual({ to: '/a' })
  })

  it('does nothing when it was aborted before', async () => {
    const { client, server } = rig()
    await expect(client.start({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' })
    expect(server.history.count()).toBe(0)
  })

  it('says so when there is nowhere to come back to', async () => {
    const { client } = rig({ client: { redirectUri: undefined as unknown as string } })
    await expect(client.start()).rejects.toMatchObject({ code: 'config' })
  })

  it('says what was asked for and not granted', async () => {
    const { client, server } = rig()
    const { url } = await client.start({ scopes: ['openid', 'read', 'write'] })
    const result = await client.finish(await server.approve(url, { scopes: ['openid', 'read'] }))
    expect(result).toMatchObject({ scopes: ['openid', 'read'], missingScopes: ['write'] })
  })
})

describe('finish', () => {
  it('exchanges the code of one callback once, however often and however late it comes', async () => {
    const transactions = slowTransactions()
    const { client, server } = rig({ client: { transactions } })
    const { url } = await client.start()
    const callback = await server.approve(url)
    const results = await Promise.all(Array.from({ length: 5 }, () => client.finish(callback)))
    results.push(await client.finish(callback.href))
    expect(new Set(results).size).toBe(1)
    expect(server.history.count({ endpoint: 'token' })).toBe(1)
  })

  it('gives a callback that failed the same failure again, and asks nobody', async () => {
    const { client, server } = rig()
    const { url } = await client.start()
    const callback = await server.approve(url)
    server.faults.next('token', { status: 400, body: { error: 'invalid_grant' } })
    const errors = await Promise.all(
      Array.from({ length: 5 }, () => client.finish(callback).catch((error: unknown) => error)),
    )
    errors.push(await client.finish(callback).catch((error: unknown) => error))
    expect(new Set(errors).size).toBe(1)
    expect(errors[0]).toMatchObject({ code: 'authorization_failed', detail: { error: 'invalid_grant' } })
    expect(server.history.count({ endpoint: 'token' })).toBe(1)
  })

  it('finishes several sign-ins in any order', async () => {
    const { client, server } = rig()
    const begun = await Promise.all([1, 2, 3].map((appState) => client.start({ appState })))
    for (const index of [2, 0, 1]) {
      const { url } = begun[index] ?? {}
      const result = await client.finish(await server.approve(url ?? ''))
      expect(result.appState).toBe(index + 1)
    }
  })

  it('lets one of two callbacks with the same state pass', async () => {
    const { client, server } = rig()
    const { url } = await client.start()
    const [first, second] = [await server.approve(url), await server.approve(url)]
    const ended = await Promise.allSettled([client.finish(first), client.finish(second)])
    expect(ended.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    await expect(client.finish(second)).rejects.toMatchObject({ code: 'transaction_missing' })
    expect(server.history.count({ endpoint: 'token' })).toBe(1)
  })

  it('looks at the state before anything else', async () => {
    const { client, server } = rig()
    const { url } = await client.start()
    for (const forged of ['?error=access_denied', '?code=x', '?error=access_denied&state=', '?code=x&state=']) {
      await expect(client.finish(forged)).rejects.toMatchObject({
        code: 'state_mismatch',
        detail: { reason: 'missing' },
      })
    }
    await expect(client.finish('?error=access_denied&state=forged')).rejects.toMatchObject({ code: 'state_mismatch' })
    expect(server.history.count({ endpoint: 'token' })).toBe(0)
    await client.finish(await server.approve(url))
    expect(client.getSnapshot().status).toBe('signed-in')
  })

  it('does not swap two sign-ins', async () => {
    const { client, server } = rig()
    const [one, two] = [await client.start({ appState: 1 }), await client.start({ appState: 2 })]
    const callback = await server.approve(one.url)
    callback.searchParams.set('state', two.state)
    // The verifier of the second does not fit the challenge of the first.
    await expect(client.finish(callback)).rejects.toMatchObject({ code: 'authorization_failed' })
    expect(client.getSnapshot().status).not.toBe('signed-in')
  })

  it('leaves alone what belongs to another slot, provider or client id of a shared transaction store', async () => {
    const transactions = memoryTransactions({ clock: { now: () => 0 } })
    const { client, server, another } = rig({ client: { transactions } })
    const strangers = [
      another({ account: 'work' }),
      another({ clientId: 'other' }),
      another({ provider: { ...client.provider, issuer: 'https://other.example' } }),
    ]
    const { url } = await client.start()
    const callback = await server.approve(url)
    for (const stranger of strangers) {
      await expect(stranger.finish(callback)).rejects.toMatchObject({ code: 'state_mismatch' })
    }
    expect(server.history.count({ endpoint: 'token' })).toBe(0)
    await client.finish(callback)
    expect(client.getSnapshot().status).toBe('signed-in')
  })

  it('lets a callback that came to the wrong address come to the right one', async () => {
    const { client, server } = rig()
    const { url } = await client.start()
    const callback = await server.approve(url)
    const elsewhere = new URL(`https://evil.example/callback${callback.search}`)
    await expect(client.finish(elsewhere)).rejects.toMatchObject({ code: 'invalid_callback' })
    expect(await client.finish(callback)).toMatchObject({ saved: true })
  })

  it('lets a callback come again whose server could not be asked for its metadata', async () => {
    const transactions = slowTransactions()
    const { server, another } = rig({ client: { transactions } })
    const { url } = await another().start()
    const callback = await server.approve(url)
    const elsewhere = another()
    server.faults.next('metadata', { drop: true })
    await expect(elsewhere.finish(callback)).rejects.toMatchObject({ code: 'network' })
    expect(transactions.kept.size).toBe(1)
    expect(await elsewhere.finish(callback)).toMatchObject({ saved: true })
  })

  it('refuses a sign-in that took too long', async () => {
    const { client, server, clock } = rig({ client: { transactionTimeout: 60_000 } })
    const { url } = await client.start()
    const callback = await server.approve(url)
    clock.advance(60_000)
    const expired = { code: 'transaction_expired', detail: { after: 60_000 } }
    await expect(client.finish(callback)).rejects.toMatchObject(expired)
    await expect(client.finish(callback)).rejects.toMatchObject(expired)
    expect(server.history.count({ endpoint: 'token' })).toBe(0)
  })

  it('refuses a sign-in that took too long elsewhere, whatever its store still holds', async () => {
    const transactions = slowTransactions()
    const { server, another, clock } = rig({ client: { transactions, transactionTimeout: 60_000 } })
    const { url } = await another().start()
    const callback = await server.approve(url)
    clock.advance(60_000)
    await expect(another().finish(callback)).rejects.toMatchObject({ code: 'transaction_expired' })
    expect(server.history.count({ endpoint: 'token' })).toBe(0)
  })

  it('goes on when its caller goes away, and stores the tokens', async () => {
    const { client, server } = rig()
    const { url } = await client.start()
    const held = server.faults.hold('token')
    const leaving = new AbortController()
    const waiting = client.finish(await server.approve(url), { signal: leaving.signal })
    await held.arrived
    leaving.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'aborted' })
    held.release()
    await expect.poll(() => client.getSnapshot().status).toBe('signed-in')
    expect(await client.getAccessToken()).not.toBe('')
  })

  it('on another device ends its wait with the signal, also while the server is asked, and stores what comes', async () => {
    const { client, server, clock } = rig()
    const device = await client.device()
    const held = server.faults.hold('token')
    const leaving = new AbortController()
    const waiting = device.wait({ signal: leaving.signal })
    await settled()
    await server.approveDevice(device.userCode)
    clock.advance(6000)
    await held.arrived
    leaving.abort()
    await expect(watched(waiting)).rejects.toMatchObject({ code: 'aborted' })
    held.release()
    await expect.poll(() => client.getSnapshot().status).toBe('signed-in')
  })

  it('does nothing for a caller who is gone already, so that the callback can still be used', async () => {
    const { client, server } = rig()
    const { url } = await client.start()
    const callback = await server.approve(url)
    await expect(client.finish(callback, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' })
    await settled()
    expect(server.history.count({ endpoint: 'token' })).toBe(0)
    expect(await client.finish(callback)).toMatchObject({ saved: true })
  })

  it('keeps tokens that could not be saved, and saves them with the next call that can', async () => {
    const brittle = brittleStore()
    const { client, server, another, events, clock } = rig({ client: { store: brittle.store } })
    const { url } = await client.start()
    brittle.broken = true
    expect(await client.finish(await server.approve(url))).toMatchObject({ saved: false })
    expect(events).toMatchObject([{ type: 'persist-failed', code: 'persist_failed' }, { type: 'signed-in' }])
    const token = await client.getAccessToken()
    await settled()
    brittle.broken = false
    clock.advance(120_000)
    expect(await client.getAccessToken()).toBe(token)
    await settled()
    expect(await another().getAccessToken()).toBe(token)
  })

  it('reads what a hosted page shows for copying', async () => {
    const hosted = 'https://app.example.com/callback'
    const { client, server, clock } = rig()
    const copying = createClient({
      provider: { ...client.provider, redirect: { hosted }, unannouncedIssuer: 'compare' },
      clientId: 'app',
      fetch: async (input, init) => {
        const response = await server.fetch(input, init)
        if (!String(input).includes('openid-configuration')) return response
        const metadata = (await response.json()) as Record<string, unknown>
        return Response.json({ ...metadata, authorization_response_iss_parameter_supported: false })
      },
      clock,
    })
    const { url } = await copying.start()
    const callback = await server.approve(url)
    const shown = `${callback.searchParams.get('code')}#${callback.searchParams.get('state')}`
    expect(url.searchParams.get('redirect_uri')).toBe(hosted)
    expect(await copying.finish(`  ${shown} `)).toMatchObject({ saved: true })
    await expect(copying.finish(shown.split('#')[0] ?? '')).rejects.toMatchObject({ code: 'invalid_callback' })
  })

  it('stands while the refresh of another account is in flight, and its tokens are nobody else’s', async () => {
    const users = [{ sub: 'ada' }, { sub: 'bob' }]
    const { client, server, clock } = rig({ server: { users } })
    await client.finish(await server.approve((await client.start()).url, { user: 'ada' }))
    clock.advance(hour)
    const held = server.faults.hold('token', { grant: 'refresh_token', when: 'after-commit' })
    const waiting = client.getToken().catch((error: unknown) => error)
    await held.arrived
    const result = await client.finish(await server.approve((await client.start()).url, { user: 'bob' }))
    expect(result.account).toMatchObject({ subject: 'bob' })
    const bobs = await client.getAccessToken()
    held.release()
    const late = await waiting
    if (!isOAuthError(late)) expect(late).toMatchObject({ accessToken: bobs })
    expect(await client.getAccessToken()).toBe(bobs)
    expect(client.getSnapshot()).toMatchObject({ status: 'signed-in', account: { subject: 'bob' } })
  })

  it('comes back to where it was sent, by PAR too', async () => {
    const { client, server } = rig({ server: { requirePar: true } })
    const { url } = await client.start()
    expect([...url.searchParams.keys()].toSorted()).toEqual(['client_id', 'request_uri'])
    expect(await client.finish(await server.approve(url))).toMatchObject({ saved: true })
  })
})
