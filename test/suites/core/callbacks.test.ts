import { describe, expect, it } from 'vitest'

import type { Transaction, TransactionStore } from '../../../src/contracts.ts'
import { arrivedAt, checkCallback, parseCallback } from '../../../src/core/index.ts'
import { createClient } from '../../../src/index.ts'
import type { Client, ClientOptions } from '../../../src/index.ts'
import { oidc } from '../../../src/providers/oidc.ts'
import { memoryTransactions } from '../../../src/stores/memory-transactions.ts'
import type { AuthorizationServer, AuthorizationServerOptions } from '../../../src/testing/index.ts'
import { connect } from '../../../src/testing/index.ts'
import { double, failureOf, legible, partiesOf, redirectUri, started } from './rig.ts'

interface Scene {
  readonly server: AuthorizationServer
  readonly client: Client
  readonly transactions: TransactionStore
  readonly another: (options: Partial<ClientOptions>) => Client
  /** The true answer to a sign-in that is under way. */
  readonly good: URL
  readonly state: string
}

async function scene(options: AuthorizationServerOptions = {}): Promise<Scene> {
  const server = double(options)
  const transactions = memoryTransactions({ clock: server.clock })
  const another = (more: Partial<ClientOptions>): Client =>
    createClient({
      provider: oidc({ issuer: server.issuer }),
      clientId: 'app',
      redirectUri,
      transactions,
      fetch: server.fetch,
      clock: server.clock,
      ...more,
    })
  const client = another({})
  const { url, state } = await client.start()
  return { server, client, transactions, another, good: await server.approve(url), state }
}

const tokenCalls = (server: AuthorizationServer): number => server.history.count({ endpoint: 'token' })

function changed(url: URL, change: (params: URLSearchParams) => void): URL {
  const copy = new URL(url)
  change(copy.searchParams)
  return copy
}

const twice =
  (name: string) =>
  ({ good }: Scene): URL =>
    changed(good, (params) => params.append(name, params.get(name) ?? ''))

interface Forgery {
  readonly name: string
  readonly make: (scene: Scene) => URL | URLSearchParams | string | Promise<URL | URLSearchParams | string>
  readonly expected: object
  /** Whether the sign-in goes on as if nothing had been. */
  readonly pending: 'stays' | 'used up'
  readonly server?: AuthorizationServerOptions
}

const refused = ({ good }: Scene, error: string): URL =>
  changed(good, (params) => {
    params.delete('code')
    params.set('error', error)
    params.set('error_description', 'no')
  })

const forgeries: readonly Forgery[] = [
  {
    name: 'a wrong state',
    make: ({ good }) => changed(good, (params) => params.set('state', 'A'.repeat(43))),
    expected: { code: 'state_mismatch', detail: { reason: 'unknown' } },
    pending: 'stays',
  },
  {
    name: 'a state with one character changed',
    make: ({ good, state }) => changed(good, (params) => params.set('state', `${state.slice(0, -1)}!`)),
    expected: { code: 'state_mismatch', detail: { reason: 'unknown' } },
    pending: 'stays',
  },
  {
    name: 'a state in another case',
    make: ({ good, state }) => changed(good, (params) => params.set('state', state.toLowerCase())),
    expected: { code: 'state_mismatch', detail: { reason: 'unknown' } },
    pending: 'stays',
  },
  {
    name: 'no state',
    make: ({ good }) => changed(good, (params) => params.delete('state')),
    expected: { code: 'state_mismatch', detail: { reason: 'missing' } },
    pending: 'stays',
  },
  {
    name: 'an empty state',
    make: ({ good }) => changed(good, (params) => params.set('state', '')),
    expected: { code: 'state_mismatch', detail: { reason: 'missing' } },
    pending: 'stays',
  },
  ...['code', 'state', 'iss'].map(
    (name): Forgery => ({
      name: `${name} twice`,
      make: twice(name),
      expected: { code: 'invalid_callback', detail: { reason: expect.stringContaining(name) } },
      pending: 'stays',
    }),
  ),
  {
    name: 'two codes, of which one is the attacker’s',
    make: ({ good }) => changed(good, (params) => params.append('code', 'theirs')),
    expected: { code: 'invalid_callback' },
    pending: 'stays',
  },
  {
    name: 'error twice',
    make: (it) => changed(refused(it, 'access_denied'), (params) => params.append('error', 'server_error')),
    expected: { code: 'invalid_callback' },
    pending: 'stays',
  },
  {
    name: 'a token beside the code',
    make: ({ good }) => changed(good, (params) => params.set('access_token', 'theirs')),
    expected: { code: 'invalid_callback' },
    pending: 'stays',
  },
  {
    name: 'a JWT-secured response',
    make: ({ good }) => changed(good, (params) => params.set('response', 'eyJ')),
    expected: { code: 'invalid_callback' },
    pending: 'stays',
  },
  {
    name: 'a bare code',
    make: ({ good }) => good.searchParams.get('code') ?? '',
    expected: { code: 'invalid_callback' },
    pending: 'stays',
  },
  {
    name: 'an error with a foreign state',
    make: (it) => changed(refused(it, 'access_denied'), (params) => params.set('state', 'theirs')),
    expected: { code: 'state_mismatch' },
    pending: 'stays',
  },
  {
    name: 'an error without a state',
    make: (it) => changed(refused(it, 'access_denied'), (params) => params.delete('state')),
    expected: { code: 'state_mismatch' },
    pending: 'stays',
  },
  {
    name: 'the right parameters at another origin',
    make: ({ good }) => new URL(good.href.replace('https://app.example.com', 'https://evil.example')),
    expected: { code: 'invalid_callback' },
    pending: 'stays',
  },
  {
    name: 'the right parameters at another path',
    make: ({ good }) => new URL(good.href.replace('/callback', '/other')),
    expected: { code: 'invalid_callback' },
    pending: 'stays',
  },
  {
    name: 'the right parameters on another port, over http',
    make: ({ good }) => new URL(good.href.replace('https://app.example.com', 'http://app.example.com:8080')),
    expected: { code: 'invalid_callback' },
    pending: 'stays',
  },
  {
    name: 'another issuer',
    make: ({ good }) => changed(good, (params) => params.set('iss', 'https://evil.example')),
    expected: { code: 'issuer_mismatch', detail: { received: 'https://evil.example' } },
    pending: 'used up',
  },
  {
    name: 'the issuer with a slash',
    make: ({ good, server }) => changed(good, (params) => params.set('iss', `${server.issuer}/`)),
    expected: { code: 'issuer_mismatch' },
    pending: 'used up',
  },
  {
    name: 'no issuer although it was announced',
    make: ({ good }) => changed(good, (params) => params.delete('iss')),
    expected: { code: 'issuer_mismatch' },
    pending: 'used up',
  },
  {
    name: 'an empty issuer',
    make: ({ good }) => changed(good, (params) => params.set('iss', '')),
    expected: { code: 'issuer_mismatch' },
    pending: 'used up',
  },
  {
    name: 'an issuer that was never announced',
    make: ({ good }) => good,
    expected: { code: 'invalid_callback' },
    pending: 'used up',
    server: { responseIss: 'unannounced' },
  },
  {
    name: 'an error from another issuer',
    make: (it) => changed(refused(it, 'access_denied'), (params) => params.set('iss', 'https://evil.example')),
    expected: { code: 'issuer_mismatch' },
    pending: 'used up',
  },
  {
    name: 'an error with the right state',
    make: (it) => refused(it, 'access_denied'),
    expected: { code: 'access_denied', detail: { description: 'no' } },
    pending: 'used up',
  },
  {
    name: 'another error with the right state',
    make: (it) => refused(it, 'invalid_scope'),
    expected: { code: 'authorization_failed', detail: { error: 'invalid_scope', endpoint: 'authorization' } },
    pending: 'used up',
  },
  {
    name: 'both a code and an error',
    make: ({ good }) => changed(good, (params) => params.set('error', 'access_denied')),
    expected: { code: 'invalid_callback' },
    pending: 'used up',
  },
  {
    name: 'both a code and an empty error',
    make: ({ good }) => changed(good, (params) => params.set('error', '')),
    expected: { code: 'invalid_callback' },
    pending: 'used up',
  },
  {
    name: 'neither a code nor an error',
    make: ({ good }) => changed(good, (params) => params.delete('code')),
    expected: { code: 'invalid_callback' },
    pending: 'used up',
  },
  {
    name: 'an empty code',
    make: ({ good }) => changed(good, (params) => params.set('code', '')),
    expected: { code: 'invalid_callback' },
    pending: 'used up',
  },
]

describe('a callback with', () => {
  for (const { name, make, expected, pending, server: options = {} } of forgeries) {
    it(`${name} sends nothing to the token endpoint; the pending sign-in ${pending === 'stays' ? 'stays' : 'is used up'}`, async () => {
      const set = await scene(options)
      const error = await failureOf(set.client.finish(await make(set)))
      expect(error).toMatchObject(expected)
      expect(legible(error)).not.toContain(set.state)
      expect(legible(error)).not.toContain(set.good.searchParams.get('code') ?? '-')
      expect(tokenCalls(set.server)).toBe(0)
      if (pending === 'stays') {
        expect(await set.client.finish(set.good)).toMatchObject({ saved: true })
        expect(tokenCalls(set.server)).toBe(1)
      } else {
        await failureOf(set.client.finish(set.good))
        expect(tokenCalls(set.server)).toBe(0)
        expect(await set.transactions.take(set.state)).toBeUndefined()
      }
    })
  }

  it('fifty unknown parameters and a code of 8 KiB is a callback', async () => {
    const { server, client, good } = await scene()
    server.faults.next('token', { status: 400, body: { error: 'invalid_grant' } })
    const long = changed(good, (params) => {
      for (let i = 0; i < 50; i++) params.append(`x-${i}`, 'x')
      params.set('code', 'c'.repeat(8192))
    })
    expect(await failureOf(client.finish(long))).toMatchObject({ detail: { error: 'invalid_grant' } })
    expect(tokenCalls(server)).toBe(1)
  })
})

describe('a callback that comes again', () => {
  it('has the same answer in the same client, and is exchanged once', async () => {
    const { server, client, good } = await scene()
    const results = await Promise.all([client.finish(good), client.finish(good.href), client.finish(good.searchParams)])
    expect(await client.finish(good)).toEqual(results[0])
    expect(tokenCalls(server)).toBe(1)
  })

  it('finds nothing in another client', async () => {
    const { server, client, another, good } = await scene()
    await client.finish(good)
    expect(await failureOf(another({}).finish(good))).toMatchObject({ code: 'state_mismatch' })
    expect(tokenCalls(server)).toBe(1)
  })

  it('with another code is refused', async () => {
    const { server, client, good } = await scene()
    await client.finish(good)
    const replayed = changed(good, (params) => params.set('code', 'theirs'))
    expect(await failureOf(client.finish(replayed))).toMatchObject({ code: 'transaction_missing' })
    expect(tokenCalls(server)).toBe(1)
  })

  it('after a failed exchange is not exchanged a second time', async () => {
    const { server, client, good } = await scene()
    server.faults.next('token', { drop: true })
    expect(await failureOf(client.finish(good))).toMatchObject({ code: 'network' })
    await failureOf(client.finish(good))
    await failureOf(client.finish(changed(good, (params) => params.append('x', 'y'))))
    expect(tokenCalls(server)).toBe(1)
  })
})

describe('a transaction', () => {
  it('that took too long is over', async () => {
    const { server, client, good } = await scene()
    server.clock.advance(600_000)
    expect(await failureOf(client.finish(good))).toMatchObject({
      code: 'transaction_expired',
      detail: { after: 600_000 },
    })
    expect(tokenCalls(server)).toBe(0)
  })

  it('that took nearly too long is not', async () => {
    const { server, client, good } = await scene({ lifetimes: { code: 3_600_000 } })
    server.clock.advance(599_999)
    expect(await client.finish(good)).toMatchObject({ saved: true })
  })

  it('that took too long is over even where the store keeps it', async () => {
    const pending = new Map<string, Transaction>()
    const transactions: TransactionStore = {
      put: async (transaction) => void pending.set(transaction.state, transaction),
      take: async (state) => {
        const found = pending.get(state)
        pending.delete(state)
        return found
      },
    }
    const { server, another } = await scene()
    const client = another({ transactions })
    const { url } = await client.start()
    const callback = await server.approve(url)
    server.clock.advance(600_000)
    expect(await failureOf(client.finish(callback))).toMatchObject({ code: 'transaction_expired' })
    expect(tokenCalls(server)).toBe(0)
  })

  for (const [name, options] of [
    ['of another account', { account: 'work' }],
    ['of another provider', { provider: oidc({ id: 'other', issuer: 'https://as.latchkey.test' }) }],
    ['of another issuer', { provider: oidc({ id: 'as.latchkey.test', issuer: 'https://other.example' }) }],
    ['of another client id', { clientId: 'other' }],
  ] as const) {
    it(`${name} is not this client’s to finish, and stays`, async () => {
      const { server, client, another, good } = await scene()
      expect(await failureOf(another(options).finish(good))).toMatchObject({ code: 'state_mismatch' })
      expect(tokenCalls(server)).toBe(0)
      expect(await client.finish(good)).toMatchObject({ saved: true })
    })
  }

  it('is not found by the state of another that is pending too', async () => {
    const { server, client, good } = await scene()
    const second = await client.start()
    const crossed = changed(await server.approve(second.url), (params) =>
      params.set('state', good.searchParams.get('state') ?? ''),
    )
    // The code of the second with the verifier of the first: PKCE is what stops it, at the server.
    expect(await failureOf(client.finish(crossed))).toMatchObject({ detail: { error: 'invalid_grant' } })
    expect(client.getSnapshot().status).not.toBe('signed-in')
  })
})

describe('two servers', () => {
  it('are not mixed up: a code of the one never reaches the other', async () => {
    const clock = double().clock
    const honest = double({ clock })
    const evil = double({ clock, issuer: 'https://evil.example' })
    const fetch = connect({ [honest.issuer]: honest, [evil.issuer]: evil })
    const transactions = memoryTransactions({ clock })
    const clientOf = ({ issuer }: AuthorizationServer): Client =>
      createClient({ provider: oidc({ issuer }), clientId: 'app', redirectUri, transactions, fetch, clock })
    const [atHonest, atEvil] = [clientOf(honest), clientOf(evil)]
    // The person meant to sign in at the evil server, which sent them on to the honest one.
    const { url, state } = await atEvil.start()
    const relayed = new URL(url)
    relayed.host = new URL(honest.issuer).host
    const callback = await honest.approve(relayed)
    expect(callback.searchParams.get('state')).toBe(state)
    for (const client of [atHonest, atEvil]) await failureOf(client.finish(callback))
    expect(tokenCalls(honest)).toBe(0)
    expect(tokenCalls(evil)).toBe(0)
  })
})

describe('checking a callback', () => {
  it('looks at the state before all else, whoever calls it', async () => {
    const server = double()
    const parties = await partiesOf(server)
    const { transaction, callback } = await started(server, parties)
    const check = (url: URL): unknown =>
      checkCallback(parseCallback(url), transaction, parties.server, parties.provider)
    const denied = changed(callback, (params) => {
      params.delete('code')
      params.set('error', 'access_denied')
      params.set('iss', 'https://evil.example')
    })
    const foreign = changed(denied, (params) => params.set('state', 'theirs'))
    const bare = changed(denied, (params) => params.delete('state'))
    expect(await failureOf(() => check(foreign))).toMatchObject({
      code: 'state_mismatch',
      detail: { reason: 'unknown' },
    })
    expect(await failureOf(() => check(bare))).toMatchObject({ code: 'state_mismatch', detail: { reason: 'missing' } })
    expect(await failureOf(() => check(denied))).toMatchObject({ code: 'issuer_mismatch' })
    expect(check(callback)).toMatchObject({ clientId: 'app' })
  })

  it('does not take another server for the one that the transaction began with', async () => {
    const server = double({ responseIss: 'off' })
    const parties = await partiesOf(server)
    const { transaction, callback } = await started(server, parties)
    const other = { ...parties.server, issuer: 'https://other.example' }
    const check = (): unknown => checkCallback(parseCallback(callback), transaction, other, parties.provider)
    expect(await failureOf(check)).toMatchObject({ code: 'issuer_mismatch' })
  })

  it('compares an issuer that nobody announced where the provider says so', async () => {
    const { server, another } = await scene({ responseIss: 'unannounced' })
    const provider = oidc({ issuer: server.issuer, unannouncedIssuer: 'compare' })
    const client = another({ provider })
    const { url } = await client.start()
    const callback = await server.approve(url)
    const foreign = changed(callback, (params) => params.set('iss', 'https://evil.example'))
    expect(await client.finish(callback)).toMatchObject({ saved: true })
    const again = await client.start()
    foreign.searchParams.set('state', again.state)
    expect(await failureOf(client.finish(foreign))).toMatchObject({ code: 'issuer_mismatch' })
  })
})

describe('where a callback arrives', () => {
  const at = (url: string, expected: string): boolean => arrivedAt(new URL(url), expected)
  it('is the origin, the path and the query that were registered', () => {
    const registered = 'https://app.example.com/cb?tenant=x'
    expect(at('https://app.example.com/cb?tenant=x&code=1', registered)).toBe(true)
    expect(at('https://app.example.com/cb?tenant=y&code=1', registered)).toBe(false)
    expect(at('https://app.example.com/cb?code=1', registered)).toBe(false)
    expect(at('https://app.example.com/cb/?tenant=x', registered)).toBe(false)
    expect(at('https://app.example.com:8443/cb?tenant=x', registered)).toBe(false)
    expect(at('com.example.app:/cb?code=1', 'com.example.app:/cb')).toBe(true)
    expect(at('https://app.example.com/cb', 'nonsense')).toBe(false)
  })
})

describe('reading a callback', () => {
  const both = { code: 'c-1', state: 's-1' }
  for (const input of [
    new URL('https://app.example.com/callback?code=c-1&state=s-1#_=_'),
    'https://app.example.com/callback?code=c-1&state=s-1',
    '  http://127.0.0.1:1455/callback?code=c-1&state=s-1\n',
    'com.example.app:/callback?code=c-1&state=s-1',
    new URLSearchParams(both),
    '?code=c-1&state=s-1',
    'code=c-1&state=s-1',
    '/callback?code=c-1&state=s-1',
    '?code=c-1&state=s-1#_=_',
    'c-1#s-1',
    ' c-1#s-1 ',
  ]) {
    it(`finds code and state in ${String(input).trim()}`, () => {
      const { params } = parseCallback(input)
      expect({ code: params.get('code'), state: params.get('state') }).toEqual(both)
    })
  }

  for (const input of [
    '',
    ' ',
    'c-1',
    '#s-1',
    'c-1#',
    'c 1#s-1',
    'https://',
    'x'.repeat(70_000),
    `?code=${'c'.repeat(70_000)}`,
  ]) {
    it(`does not understand ${JSON.stringify(input.slice(0, 20))} (${input.length} characters)`, async () => {
      const error = await failureOf(() => parseCallback(input))
      expect(error.code).toBe('invalid_callback')
    })
  }

  it('is refused as a mistake of the caller where there is none', () => {
    for (const input of [undefined, null, 5, {}])
      expect(() => parseCallback(input as unknown as string)).toThrow(TypeError)
  })

  it('leaves a question mark in a value where it is', () => {
    const { params } = parseCallback('code=c?1&state=s-1')
    expect([...params]).toEqual([
      ['code', 'c?1'],
      ['state', 's-1'],
    ])
  })

  it('does not change what it was given', () => {
    const url = new URL('https://app.example.com/callback?code=c-1&state=s-1')
    parseCallback(url).params.delete('code')
    expect(url.search).toBe('?code=c-1&state=s-1')
  })
})
