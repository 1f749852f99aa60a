import { describe, expect, it, vi } from 'vitest'

import { acceptLostSessions, createClient, memoryStore } from '../../../src/index.ts'
import type { ClientOptions, Store } from '../../../src/index.ts'
import { oidc } from '../../../src/providers/oidc.ts'
import { redirectUri, rig } from './rig.ts'

const provider = oidc({ issuer: 'https://id.example.com' })
const good: ClientOptions = { provider, clientId: 'app', redirectUri }

function made(options: Record<string, unknown>): () => unknown {
  return () => createClient({ ...good, ...options } as unknown as ClientOptions)
}

function eventualStore(): Store {
  return { ...memoryStore(), consistency: 'eventual' }
}

describe('createClient', () => {
  it('needs a provider and a client id, and nothing else', () => {
    expect(() => createClient({ provider, clientId: 'app' })).not.toThrow()
    expect(() => createClient({ provider: { ...provider, clientId: 'app' } })).not.toThrow()
    expect(() => createClient({ provider })).toThrow(expect.objectContaining({ code: 'config' }))
  })

  const mistakes: readonly (readonly [string, Record<string, unknown>])[] = [
    ['provider', { provider: undefined }],
    ['provider', { provider: 'https://id.example.com' }],
    ['provider', { provider: null }],
    ['provider', { provider: { name: 'nobody' } }],
    ['provider.issuer', { provider: { ...provider, issuer: 5 } }],
    ['provider.scopes', { provider: { ...provider, scopes: 'openid' } }],
    ['provider.apiOrigins', { provider: { ...provider, apiOrigins: [5] } }],
    ['provider.apiHeaders', { provider: { ...provider, apiHeaders: { a: 1 } } }],
    ['provider.authorizationParams', { provider: { ...provider, authorizationParams: ['a'] } }],
    ['provider.readError', { provider: { ...provider, readError: {} } }],
    ['provider.terminalErrors', { provider: { ...provider, terminalErrors: 'x' } }],
    ['provider.endpoints', { provider: { ...provider, endpoints: 'x' } }],
    ['provider.endpoints.token', { provider: { ...provider, endpoints: { authorization: 'https://a.example' } } }],
    ['clientId', { clientId: 5 }],
    ['clientAuth', { clientAuth: 'secret' }],
    ['redirectUri', { redirectUri: new URL(redirectUri) }],
    ['scopes', { scopes: 'openid email' }],
    ['scopes', { scopes: [Symbol('openid')] }],
    ['resource', { resource: {} }],
    ['store', { store: null }],
    ['store', { store: { get: () => undefined } }],
    ['transactions', { transactions: new Map() }],
    ['account', { account: 7 }],
    ['fetch', { fetch: 'fetch' }],
    ['clock', { clock: { now: 5 } }],
    ['apiOrigins', { apiOrigins: 'https://api.example.com' }],
    ['dpop', { dpop: 'yes' }],
    ['pushedAuthorization', { pushedAuthorization: 1 }],
    ['allowInsecureLoopback', { allowInsecureLoopback: 'true' }],
    ['onEvent', { onEvent: {} }],
  ]

  it.each(mistakes)('refuses with a TypeError that names %s: case %#', (name, options) => {
    expect(made(options)).toThrow(TypeError)
    expect(made(options)).toThrow(name)
  })

  const unusable: readonly (readonly [string, Record<string, unknown>])[] = [
    ['clientId', { clientId: '' }],
    ['provider.id', { provider: { ...provider, id: 'a@b' } }],
    ['provider.rotation', { provider: { ...provider, rotation: 'sometimes' } }],
    ['provider.discovery', { provider: { ...provider, discovery: 'guess' } }],
    ['provider.issuer', { provider: { ...provider, issuer: 'id.example.com' } }],
    ['provider.issuer', { provider: { ...provider, issuer: 'http://id.example.com' } }],
    ['needs an issuer or endpoints', { provider: { id: 'x', name: 'x' } }],
    ['provider.endpoints.token', { provider: { ...provider, endpoints: { token: 'http://id.example.com/token' } } }],
    ['redirectUri', { redirectUri: '/callback' }],
    ['scope', { scopes: ['two words'] }],
    ['scope', { scopes: ['a"b'] }],
    ['resource', { resource: 'api' }],
    ['resource', { resource: 'https://api.example.com/#here' }],
    ['account', { account: '' }],
    ['account', { account: 'a'.repeat(201) }],
    ['apiOrigins', { apiOrigins: ['api.example.com'] }],
    ['apiOrigins', { apiOrigins: ['http://api.example.com'] }],
    ['apiOrigins', { apiOrigins: ['https://user:pass@api.example.com'] }],
    ['apiOrigins', { apiOrigins: ['https://api.example.com/v1'] }],
    ['refreshBefore', { refreshBefore: -1 }],
    ['timeout', { timeout: 0 }],
    ['timeout', { timeout: Number.NaN }],
    ['timeout', { timeout: '30' }],
    ['lockTimeout', { lockTimeout: Number.POSITIVE_INFINITY }],
    ['lockTimeout', { lockTimeout: 2 ** 31 }],
    ['transactionTimeout', { transactionTimeout: 0 }],
  ]

  it.each(unusable)('refuses with `config` that names %s: case %#', (name, options) => {
    expect(made(options)).toThrow(expect.objectContaining({ code: 'config', message: expect.stringContaining(name) }))
  })

  it('neither asks nor waits for anybody, and draws no random numbers', () => {
    const refuse = vi.fn<() => never>(() => {
      throw new Error('createClient must not touch this.')
    })
    const random = vi.spyOn(crypto, 'getRandomValues')
    const timer = vi.spyOn(globalThis, 'setTimeout')
    try {
      createClient({
        ...good,
        fetch: refuse,
        clock: { now: refuse, sleep: refuse },
        store: { consistency: 'atomic', get: refuse, update: refuse, keys: refuse, lock: refuse, watch: refuse },
        transactions: { put: refuse, take: refuse },
        clientAuth: refuse,
        onEvent: refuse,
      })
      expect(refuse).not.toHaveBeenCalled()
      expect(random).not.toHaveBeenCalled()
      expect(timer).not.toHaveBeenCalled()
    } finally {
      random.mockRestore()
      timer.mockRestore()
    }
  })

  it('refuses an eventual store where tokens rotate, unless lost sessions are accepted by the symbol', () => {
    const config = expect.objectContaining({ code: 'config' })
    expect(made({ store: eventualStore() })).toThrow(config)
    expect(made({ store: eventualStore(), acceptLostSessions: true })).toThrow(config)
    expect(made({ store: eventualStore(), [acceptLostSessions]: 'yes' })).toThrow(config)
    expect(made({ store: eventualStore(), [acceptLostSessions]: true })).not.toThrow()
    expect(made({ store: eventualStore(), provider: { ...provider, rotation: 'none' } })).not.toThrow()
  })

  it('is not changed by what becomes of the options', async () => {
    const { server, clock } = rig()
    const row = { id: 'row', name: 'Row', issuer: server.issuer, scopes: ['openid'], apiHeaders: { 'x-version': '1' } }
    const options = {
      provider: row,
      clientId: 'app',
      redirectUri,
      scopes: ['openid', 'read'],
      apiOrigins: [new URL(server.apiUrl).origin],
      fetch: server.fetch,
      clock,
    }
    const client = createClient(options)
    options.clientId = 'another'
    options.redirectUri = 'https://evil.example/callback'
    options.scopes.push('admin')
    options.apiOrigins.push('https://evil.example')
    row.issuer = 'https://evil.example'
    row.apiHeaders['x-version'] = '2'
    const { url } = await client.start()
    expect(url.origin).toBe(server.issuer)
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      client_id: 'app',
      redirect_uri: redirectUri,
      scope: 'openid read',
    })
    await client.finish(await server.approve(url))
    await expect(client.fetch('https://evil.example/')).rejects.toMatchObject({ code: 'origin_not_allowed' })
    await client.fetch(`${server.apiUrl}/echo`)
    expect(server.history.last('api')?.headers['x-version']).toBe('1')
    expect(() => Object.assign(client.provider, { issuer: 'https://evil.example' })).toThrow(TypeError)
  })

  it('takes nothing from a prototype that somebody has polluted', () => {
    const prototype = Object.prototype as { allowInsecureLoopback?: boolean }
    prototype.allowInsecureLoopback = true
    try {
      expect(made({ provider: oidc({ issuer: 'http://localhost:9' }) })).toThrow(
        expect.objectContaining({ code: 'config' }),
      )
    } finally {
      delete prototype.allowInsecureLoopback
    }
  })

  it('uses the fetch that was there when it was made', async () => {
    const { server } = rig()
    const before = globalThis.fetch
    globalThis.fetch = server.fetch as typeof fetch
    const client = createClient({ ...good, provider: oidc({ issuer: server.issuer }) })
    const late = vi.fn<typeof fetch>()
    globalThis.fetch = late
    try {
      await client.start()
      expect(late).not.toHaveBeenCalled()
    } finally {
      globalThis.fetch = before
    }
  })

  it('sends tokens to the resource when no origin is named, and nowhere when the resource is only a name', async () => {
    const { server, another, signIn } = rig()
    const api = another({ apiOrigins: undefined as unknown as string[], resource: server.apiUrl })
    await signIn(api)
    expect((await api.fetch(`${server.apiUrl}/echo`)).status).toBe(200)
    const named = another({ apiOrigins: undefined as unknown as string[], resource: 'urn:example:api' })
    await expect(named.fetch(`${server.apiUrl}/echo`)).rejects.toMatchObject({ code: 'origin_not_allowed' })
  })

  it('keeps accounts apart in one store', async () => {
    const store = memoryStore()
    const { client, another, signIn } = rig({ client: { store } })
    const work = another({ account: 'work' })
    await signIn(work)
    await expect(client.getToken()).rejects.toMatchObject({ code: 'sign_in_required' })
    const { id } = client.provider
    expect(await store.keys()).toEqual([`${id}@work`])
    await signIn()
    expect(await store.keys()).toEqual([`${id}@work`, id])
  })

  it('waits as long as a timer can, and not longer', async () => {
    const longest = 2 ** 31 - 1
    const asked: number[] = []
    const store = memoryStore()
    const { clock, another, signIn } = rig({ client: { store } })
    const sleep = (ms: number, signal?: AbortSignal): Promise<void> => {
      asked.push(ms)
      return clock.sleep(ms, signal)
    }
    const patient = another({ clock: { now: clock.now, sleep }, timeout: longest, lockTimeout: longest })
    await signIn()
    await patient.getToken({ forceRefresh: true })
    expect(Math.max(...asked)).toBe(longest)
  })
})
