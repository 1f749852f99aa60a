import { describe, expect, it, vi } from 'vitest'

import { createClient, memoryStore } from '../../../src/index.ts'
import type { Fetch, Store } from '../../../src/index.ts'
import { apiRig, challenge } from './api-rig.ts'
import type { Api } from './api-rig.ts'
import { redirectUri, rig } from './rig.ts'

const fine: Api = () => new Response('fine')
const invalidToken = 'Bearer error="invalid_token"'

/** Whether this platform throws at it. */
function refuses(attempt: () => unknown): boolean {
  try {
    attempt()
    return false
  } catch {
    return true
  }
}

describe('where the token goes', () => {
  it('goes to the origins that were named, however they are written', async () => {
    const { client, signIn, arrived, origin } = apiRig(fine)
    await signIn()
    const ways = [
      `${origin}/me`,
      origin,
      `${origin}?q=1`,
      `  ${origin}/me`,
      'HTTPS://API.EXAMPLE.COM/me',
      'https://api.example.com:443/me',
      'https:\\\\api.example.com\\me',
      new URL(`${origin}/me`),
      new Request(`${origin}/me`),
    ]
    for (const way of ways) expect((await client.fetch(way)).status).toBe(200)
    const token = await client.getAccessToken()
    expect(arrived.map(({ headers }) => headers.get('authorization'))).toEqual(ways.map(() => `Bearer ${token}`))
    expect(arrived.every(({ url }) => new URL(url).origin === origin)).toBe(true)
  })

  const elsewhere = [
    'https://evil.example/',
    'https://api.example.com.evil.example/',
    'https://api.example.com@evil.example/',
    'https://api.example.com%2f@evil.example/',
    'https://evil.example/https://api.example.com/',
    'https://evil.example\\@api.example.com/',
    'https://api.example.comevil.example/',
    'https://api.example.com:8443/',
    'https://api.example.com.:443/',
    'http://api.example.com/',
    'https://sub.api.example.com/',
    'https://user:pass@api.example.com/',
    'blob:https://api.example.com/0d2f',
    'data:text/plain,https://api.example.com/',
    'javascript:fetch("https://api.example.com/")',
    'https://xn--api-example-com.evil/',
    '//evil.example/me',
    '\\\\evil.example\\me',
    '/me',
    'me',
    '',
    'not a url',
    'https://',
  ]

  it.each(elsewhere)('goes nowhere with %j, and nothing is sent', async (url) => {
    const { client, signIn, arrived } = apiRig(fine)
    await signIn()
    const inputs: (() => unknown)[] = [() => url]
    if (URL.canParse(url)) inputs.push(() => new URL(url))
    for (const input of inputs) {
      const error: unknown = await client.fetch(input() as string).catch((thrown: unknown) => thrown)
      if (!(error instanceof TypeError)) expect(error).toMatchObject({ code: 'origin_not_allowed' })
      else expect(error.message).toContain('client.fetch')
    }
    expect(arrived).toEqual([])
  })

  it('goes nowhere with a name and a password, and repeats neither', async () => {
    const { client, signIn, arrived } = apiRig(fine)
    await signIn()
    const error: unknown = await client.fetch('https://ada:pass@api.example.com/').catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(TypeError)
    expect(String(error)).not.toMatch(/ada|pass@/)
    expect(arrived).toEqual([])
  })

  it('goes nowhere with a Request to another origin', async () => {
    const { client, signIn, arrived } = apiRig(fine)
    await signIn()
    const request = new Request('https://evil.example/')
    await expect(client.fetch(request)).rejects.toMatchObject({ code: 'origin_not_allowed' })
    expect(arrived).toEqual([])
  })

  it('goes where the address said when it was checked, whatever becomes of it while a token is fetched', async () => {
    const { client, signIn, arrived, clock } = apiRig(fine)
    await signIn()
    clock.advance(3_600_000)
    const url = new URL('https://api.example.com/me')
    const init: RequestInit = { headers: { 'x-mine': '1' } }
    const going = client.fetch(url, init)
    url.host = 'evil.example'
    init.method = 'DELETE'
    await going
    expect(arrived).toMatchObject([{ url: 'https://api.example.com/me', method: 'GET' }])
  })

  it('is not led astray by an object that says one thing and becomes another', async () => {
    const { client, signIn, arrived } = apiRig(fine)
    await signIn()
    const liar = { url: 'https://api.example.com/', toString: () => 'https://evil.example/' }
    const outcome = await client.fetch(liar as unknown as URL).catch((error: unknown) => error)
    // Bun reads `url` where others read the text; either way the token goes nowhere but to its own.
    if ('Bun' in globalThis) expect(arrived.map(({ url }) => url)).toEqual(['https://api.example.com/'])
    else expect([outcome, arrived]).toMatchObject([{ code: 'origin_not_allowed' }, []])
  })

  it('goes nowhere when no origin was named', async () => {
    const { client, signIn, arrived, origin } = apiRig(fine, { client: { apiOrigins: [] } })
    await signIn()
    await expect(client.fetch(`${origin}/`)).rejects.toMatchObject({ code: 'origin_not_allowed', detail: { origin } })
    expect(arrived).toEqual([])
  })
})

describe('the headers', () => {
  it('replace an authorization of the caller’s own, and never double it', async () => {
    const { client, signIn, arrived, origin } = apiRig(fine)
    await signIn()
    const forms: HeadersInit[] = [
      { Authorization: 'Bearer mine' },
      { AUTHORIZATION: 'Bearer mine', authorization: 'Bearer too' },
      [['aUtHoRiZaTiOn', 'Basic mine']],
      new Headers({ authorization: 'Bearer mine' }),
    ]
    for (const headers of forms) await client.fetch(`${origin}/`, { headers })
    await client.fetch(new Request(`${origin}/`, { headers: { authorization: 'Bearer mine', 'x-mine': '1' } }))
    const token = await client.getAccessToken()
    expect(arrived.map(({ headers }) => headers.get('authorization'))).toEqual(arrived.map(() => `Bearer ${token}`))
    expect(arrived.at(-1)?.headers.get('x-mine')).toBe('1')
    expect(forms[0]).toEqual({ Authorization: 'Bearer mine' })
  })

  it('bring what the provider wants, unless the caller says otherwise', async () => {
    const { client, another, signIn, arrived, origin } = apiRig(fine)
    const row = { ...client.provider, apiHeaders: { 'x-version': '1', 'x-beta': 'a' } }
    const versioned = another({ provider: row })
    await signIn(versioned)
    await versioned.fetch(`${origin}/`, { headers: { 'X-Version': '2' } })
    expect(arrived[0]?.headers.get('x-version')).toBe('2')
    expect(arrived[0]?.headers.get('x-beta')).toBe('a')
  })

  it('that are lists keep what the caller lists, and name ours once', async () => {
    const { client, another, signIn, arrived, origin } = apiRig(fine)
    const listing = another({ provider: { ...client.provider, apiListHeaders: { 'x-beta': 'ours' } } })
    await signIn(listing)
    const given = ['theirs', 'theirs,ours', 'ours-too', '']
    for (const value of given) await listing.fetch(`${origin}/`, { headers: { 'X-Beta': value } })
    await listing.fetch(`${origin}/`)
    const lists = arrived.map(({ headers }) => headers.get('x-beta')?.split(/, */).filter(Boolean))
    expect(lists).toEqual([['theirs', 'ours'], ['theirs', 'ours'], ['ours-too', 'ours'], ['ours'], ['ours']])
  })

  it('name the account where the provider wants that, unless the caller does or it cannot stand in a header', async () => {
    const ids = ['account-1', 'account-1', 'käse']
    for (const [index, accountId] of ids.entries()) {
      const { client, another, signIn, arrived, origin } = apiRig(fine)
      const row = { ...client.provider, accountHeader: 'x-account', readAccount: () => ({ accountId }) }
      const named = another({ provider: row })
      await signIn(named)
      const headers: Record<string, string> = index === 1 ? { 'X-Account': 'mine' } : {}
      await named.fetch(`${origin}/`, { headers })
      expect(arrived[0]?.headers.get('x-account') ?? '').toBe(['account-1', 'mine', ''][index])
    }
  })

  it('that cannot be sent are the caller’s mistake, and are not repeated', async () => {
    const { client, signIn, arrived, origin } = apiRig(fine)
    await signIn()
    const error: unknown = await client
      .fetch(`${origin}/`, { headers: { 'x-mine': 'secret\nvalue' } })
      .catch((thrown: unknown) => thrown)
    // A simulated browser sends what real ones refuse.
    const strict = refuses(() => new Headers({ 'x-mine': 'secret\nvalue' }))
    expect(error instanceof TypeError).toBe(strict)
    expect(String(error)).not.toContain('secret')
    expect(arrived).toHaveLength(strict ? 0 : 1)
  })
})

describe('after a 401', () => {
  it('renews the token and asks once more', async () => {
    const { client, signIn, arrived, origin, refreshes } = apiRig((_, count) =>
      count === 1 ? challenge(invalidToken) : new Response('fine'),
    )
    await signIn()
    expect((await client.fetch(`${origin}/`)).status).toBe(200)
    expect(refreshes()).toBe(1)
    expect(arrived).toHaveLength(2)
    expect(arrived[0]?.headers.get('authorization')).not.toBe(arrived[1]?.headers.get('authorization'))
  })

  it('asks an API that always says so exactly twice', async () => {
    const { client, signIn, arrived, origin, refreshes } = apiRig(() => challenge(invalidToken))
    await signIn()
    expect((await client.fetch(`${origin}/`)).status).toBe(401)
    expect(arrived).toHaveLength(2)
    expect(refreshes()).toBe(1)
  })

  it.each([
    ['no challenge', undefined, 1],
    ['a challenge without an error', 'Bearer realm="api"', 1],
    [
      'invalid_token among other challenges',
      'Basic realm="a, error=\\"x\\"", Bearer realm="b", error="invalid_token"',
      1,
    ],
    ['invalid_token without quotes', 'Bearer error=invalid_token', 1],
    ['a text that looks like a parameter', 'Bearer realm="error=insufficient_scope", error="invalid_token"', 1],
    ['insufficient_scope', 'Bearer error="insufficient_scope", scope="write"', 0],
    ['invalid_request', 'Bearer error="invalid_request"', 0],
  ])('with %s renews the token or not', async (_, text, expected) => {
    const { client, signIn, origin, refreshes, arrived } = apiRig(() => challenge(text))
    await signIn()
    const response = await client.fetch(`${origin}/`)
    expect(response.status).toBe(401)
    expect(refreshes()).toBe(expected)
    expect(arrived).toHaveLength(1 + expected)
  })

  it('hands over a 403 for a scope as it is', async () => {
    const text = 'Bearer error="insufficient_scope", scope="write"'
    const { client, signIn, origin, refreshes, arrived } = apiRig(() => challenge(text, 403))
    await signIn()
    const response = await client.fetch(`${origin}/`)
    expect(response.headers.get('www-authenticate')).toBe(text)
    expect(await response.text()).toBe('no')
    expect([refreshes(), arrived.length]).toEqual([0, 1])
  })

  it('hands over the answer of the API when no better token can be had', async () => {
    const { client, signIn, server, origin, arrived } = apiRig(() => challenge(invalidToken))
    await signIn()
    server.faults.always('token', { status: 503 })
    const response = await client.fetch(`${origin}/`)
    expect(response.status).toBe(401)
    expect(await response.text()).toBe('no')
    expect(arrived).toHaveLength(1)
  })

  it('renews once for a hundred calls', async () => {
    let good = ''
    const { client, signIn, server, origin, refreshes } = apiRig(({ headers }) => {
      return headers.get('authorization') === `Bearer ${good}` ? new Response('fine') : challenge(invalidToken)
    })
    server.tamper.tokenResponse = (body) => {
      good = String(body['access_token'])
      return body
    }
    await signIn()
    good = 'another'
    const answers = await Promise.all(Array.from({ length: 100 }, () => client.fetch(`${origin}/`)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(refreshes()).toBe(1)
  })
})

describe('failures', () => {
  it('of the network are typed, and repeat nothing that a fetch puts into them', async () => {
    let token = ''
    const { client, signIn, origin } = apiRig(() => {
      const failed = new TypeError(`fetch failed with ${token} for ${btoa(token)}`, { cause: { request: token } })
      throw Object.assign(failed, { token })
    })
    await signIn()
    token = await client.getAccessToken()
    const error = await client.fetch(`${origin}/`).catch((thrown: unknown) => thrown as Error)
    expect(error).toMatchObject({ code: 'network', detail: { endpoint: 'api', sent: 'maybe' } })
    const all = JSON.stringify(error) + String(error) + JSON.stringify(Object.getOwnPropertyDescriptors(error))
    expect(all).not.toContain(token)
    expect(all).not.toContain(btoa(token))
  })

  it('of the caller’s own are TypeErrors with a sentence of ours', async () => {
    const { client, signIn, origin, arrived } = apiRig(fine)
    await signIn()
    const mistakes: readonly RequestInit[] = [{ method: 'GET', body: 'x' }, { method: 'a b' }, { method: 'TRACE' }]
    for (const init of mistakes) {
      const error: unknown = await client.fetch(`${origin}/`, init).catch((thrown: unknown) => thrown)
      // What the platform would do, it may do.
      if (!refuses(() => new Request(`${origin}/`, init))) continue
      expect(error).toBeInstanceOf(TypeError)
      expect(String(error)).toContain('client.fetch')
    }
    await expect(client.fetch(Symbol('url') as never)).rejects.toThrow('client.fetch')
    expect(arrived.length).toBeLessThanOrEqual(mistakes.length)
  })

  it('by the caller’s signal have the signal’s reason, before, during and after the token', async () => {
    const { client, signIn, origin, server, clock, arrived } = apiRig(() => new Promise(() => undefined))
    await signIn()
    const reason = new Error('enough')
    await expect(client.fetch(`${origin}/`, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)

    const during = new AbortController()
    const calling = client.fetch(`${origin}/`, { signal: during.signal })
    await expect.poll(() => arrived.length).toBe(1)
    during.abort(reason)
    await expect(calling).rejects.toBe(reason)

    clock.advance(3_600_000)
    const held = server.faults.hold('token')
    const waiting = new AbortController()
    const refreshing = client.fetch(`${origin}/`, { signal: waiting.signal })
    await held.arrived
    waiting.abort(reason)
    await expect(refreshing).rejects.toBe(reason)
    held.release()
  })

  it('of a session that is over say so', async () => {
    const { client, origin, arrived } = apiRig(fine)
    await expect(client.fetch(`${origin}/`)).rejects.toMatchObject({ code: 'sign_in_required' })
    expect(arrived).toEqual([])
  })
})

describe('the hot path', () => {
  it('makes no Request, Headers or URL, and asks neither the store nor a lock', async () => {
    const seen: unknown[] = []
    const asked = vi.fn<(what: string) => void>()
    const inner = memoryStore()
    const store: Store = {
      ...inner,
      get: (key) => (asked('get'), inner.get(key)),
      update: (key, change) => (asked('update'), inner.update(key, change)),
      lock: (key, task, options) => (asked('lock'), inner.lock(key, task, options)),
    }
    const { server, clock, client: plain } = rig()
    const answer = new Response('fine')
    const fetch: Fetch = async (input, init) => {
      if (typeof input !== 'string' || !input.startsWith('https://api.example.com/')) return server.fetch(input, init)
      seen.push(init)
      return answer
    }
    const origins = ['https://api.example.com']
    const client = createClient({
      provider: plain.provider,
      clientId: 'app',
      redirectUri,
      fetch,
      clock,
      store,
      apiOrigins: origins,
    })
    await client.finish(await server.approve((await client.start()).url))
    asked.mockClear()
    const made: string[] = []
    const before = { Request: globalThis.Request, Headers: globalThis.Headers, URL: globalThis.URL }
    for (const [name, original] of Object.entries(before)) {
      const spy = new Proxy(original, {
        construct: (target, given: [string]) => {
          made.push(name)
          return Reflect.construct(target, given) as object
        },
      })
      Object.assign(globalThis, { [name]: spy })
    }
    let response: Response
    try {
      response = await client.fetch('https://api.example.com/me', { method: 'POST', body: 'x' })
    } finally {
      Object.assign(globalThis, before)
    }
    expect(response).toBe(answer)
    expect(made).toEqual([])
    expect(asked).not.toHaveBeenCalled()
    const { accessToken } = await client.getToken()
    expect(seen).toEqual([
      { method: 'POST', body: 'x', redirect: 'manual', headers: { authorization: `Bearer ${accessToken}` } },
    ])
  })

  it('hands over a stream as it comes', async () => {
    const { client, signIn, server } = rig()
    await signIn()
    const response = await client.fetch(`${server.apiUrl}/stream?count=3`)
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    const chunks: unknown[] = []
    for (let read = await reader?.read(); read?.done === false; read = await reader?.read()) chunks.push(read.value)
    expect(chunks).toHaveLength(3)
  })
})

describe('with DPoP', () => {
  it('proves possession, follows the nonces, and renews a token that was refused', async () => {
    const { client, signIn, server, api, refreshes } = rig({
      server: { dpop: 'required', dpopNonces: 'stable' },
      client: { dpop: true },
    })
    await signIn()
    const calls = (): number => server.history.count({ endpoint: 'api' })
    expect((await client.fetch(api)).status).toBe(200)
    expect(calls()).toBe(2)
    expect((await client.fetch(api)).status).toBe(200)
    expect(calls()).toBe(3)
    server.rotateNonces()
    server.revokeAccessTokens()
    expect((await client.fetch(api, { method: 'POST', body: 'x' })).status).toBe(200)
    expect(refreshes()).toBeGreaterThan(0)
    expect(server.history.last('api')?.headers['authorization']).toMatch(/^DPoP /)
  })

  it('asks the store for the key once for each token', async () => {
    const inner = memoryStore()
    const reads = vi.fn<() => void>()
    const store: Store = { ...inner, get: (key) => (reads(), inner.get(key)) }
    const { client, signIn, api } = rig({ server: { dpop: 'required' }, client: { dpop: true, store } })
    await signIn()
    await client.fetch(api)
    reads.mockClear()
    await Promise.all([client.fetch(api), client.fetch(api)])
    expect(reads).not.toHaveBeenCalled()
  })
})
