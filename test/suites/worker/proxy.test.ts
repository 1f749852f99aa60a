import { describe, expect, it } from 'vitest'
import type { Fetch } from '../../../src/contracts.ts'
import { createClient, memoryStore } from '../../../src/index.ts'
import type { Client } from '../../../src/index.ts'
import { canonicalTarget } from '../../../src/worker/proxy-path.ts'
import { readRule } from '../../../src/worker/proxy-rule.ts'
import { createProxy, type Proxy, type ProxyMatch, type ProxyRule } from '../../../src/worker/proxy.ts'

const rule: ProxyRule = {
  from: '/api',
  to: 'https://api.example.com/base',
  methods: ['GET', 'POST'],
  paths: ['/v1/messages', '/v1/models/*', '/v1/models/*:generate', '/files/**', '/slash/', '/a.b'],
}

const asked = (path: string, init?: RequestInit): Request => new Request(`https://app.example.com${path}`, init)

function matched(proxy: Proxy, request: Request): ProxyMatch {
  const found = proxy.match(request)
  if (found === undefined || found instanceof Response) throw new Error(`no match: ${found?.status}`)
  return found
}

async function refusalOf(proxy: Proxy, request: Request): Promise<string> {
  const found = proxy.match(request)
  if (!(found instanceof Response)) return found === undefined ? 'not covered' : found.url
  expect(found.headers.get('content-type')).toBe('application/json')
  expect(found.headers.get('cache-control')).toBe('no-store')
  return `${found.status} ${(JSON.parse(await found.text()) as { error: string }).error}`
}

/** Sends what matches to `upstream`, as a client with a token would. */
function forwarded(request: Request, upstream: Fetch, more: Partial<ProxyRule> = {}): Promise<Response> {
  const proxy = createProxy([{ ...rule, ...more }])
  return proxy.forward(matched(proxy, request), { send: upstream })
}

describe('the paths of a proxy', () => {
  it.each([
    ['/api/v1/messages', 'https://api.example.com/base/v1/messages'],
    ['/api/v1/messages?a=1&b=%2F..%00', 'https://api.example.com/base/v1/messages?a=1&b=%2F..%00'],
    ['/api/v1/models/a%20b', 'https://api.example.com/base/v1/models/a%20b'],
    ['/api/v1/models/%C3%A4', 'https://api.example.com/base/v1/models/%C3%A4'],
    ['/api/v1/models/x:generate', 'https://api.example.com/base/v1/models/x:generate'],
    ['/api/files/a/b/c.txt', 'https://api.example.com/base/files/a/b/c.txt'],
    ['/api/slash/', 'https://api.example.com/base/slash/'],
  ])('lead %s to %s', (path, url) => {
    expect(matched(createProxy([rule]), asked(path)).url).toBe(url)
  })

  it.each(['/api/v1/../../admin', '/api/v1/a b', '/api/v1/a?b', '/api/v1/%2e%2e/admin'])(
    'lead nowhere where the platform would read %s in another way than we did',
    (path) => {
      const target = { path, search: '', canonical: true, plain: false }
      expect(readRule(rule, 0).upstream(target)).toBeUndefined()
    },
  )

  it.each(['/', '/apix/v1/messages', '/API/v1/messages', '/other', '/%61pi/v1/messages', '//api/v1/messages'])(
    'do not cover %s',
    async (path) => {
      expect(await refusalOf(createProxy([rule]), asked(path))).toBe('not covered')
    },
  )

  it.each(
    [
      '/api',
      '/api/',
      '/api/v1/message',
      '/api/v1/messagesx',
      '/api/v1/messages/',
      '/api/v1/messages/x',
      '/api/V1/messages',
      '/api/v1/models/',
      '/api/v1/models/a/b',
      '/api/files',
      '/api/files/',
      '/api/slash',
      '/api/axb',
      '/api/v1/models/../../admin',
      '/api/v1/messages/%2e',
    ].slice(0, 13),
  )('refuse %s, which no rule names', async (path) => {
    expect(await refusalOf(createProxy([rule]), asked(path))).toMatch(/^404 path_not_allowed$/)
  })

  it.each([
    '/api//v1/messages',
    '/api/v1//messages',
    '/api/files/a//b',
    '/api/v1/models/a%2fb',
    '/api/v1/models/a%2Fb',
    '/api/v1/models/a%5cb',
    '/api/v1/models/a%252fb',
    '/api/v1/models/%25',
    '/api/v1/models/%61',
    '/api/v1/models/a%7Eb',
    '/api/v1/models/a%2db',
    '/api/v1/models/%00',
    '/api/v1/models/a%00.json',
    '/api/v1/models/%0d%0aX-A:1',
    '/api/v1/models/a%20',
    '/api/v1/models/%20a',
    '/api/v1/models/%7F',
    '/api/v1/models/%C2%85',
    '/api/v1/models/a;b=c',
    '/api/v1/models/..;',
    '/api/v1/models/a%3Bb',
    '/api/v1/models/a%3Fb',
    '/api/v1/models/a%23b',
    '/api/v1/models/...',
    '/api/v1/models/%c0%af',
    '/api/v1/models/%e0%80%af',
    '/api/v1/models/%c0%ae%c0%ae',
    '/api/v1/models/%ff',
    '/api/v1/models/%ed%a0%80',
    '/api/v1/models/%ef%bc%8f',
    '/api/v1/models/%ef%bc%8e%ef%bc%8e',
    '/api/v1/models/%e2%80%a5',
    '/api/v1/models/%e2%80%ae',
    '/api/v1/models/%ef%bb%bf',
    '/api/v1/models/%',
    '/api/v1/models/%2',
    '/api/v1/models/%zz',
    `/api/v1/models/${'a'.repeat(5000)}`,
  ])('refuse %s, which somebody might read in another way', async (path) => {
    expect(await refusalOf(createProxy([rule]), asked(path))).toBe('400 path_malformed')
  })

  it('refuse an address that the platform would still have to normalise', async () => {
    const raw = (url: string): Request => ({ url, method: 'GET' }) as Request
    for (const tail of ['/api\\v1\\messages', '/api/v1/x/../messages', '/api/v1/./messages', '/api/v1/messages#x']) {
      expect(await refusalOf(createProxy([rule]), raw(`https://app.example.com${tail}`))).toBe('400 path_malformed')
    }
    expect(await refusalOf(createProxy([rule]), raw('https://[/api/v1/messages'))).toBe('not covered')
  })

  it('are read without a parser only where it would read the same', () => {
    const tails = [
      '/a',
      '/a/b.c',
      '/a..b',
      '/a/',
      '/.a',
      '/..',
      '/a/..',
      '/a/../b',
      '//a',
      '/a?',
      '/a?b=c%20d',
      '/a%62',
      '/A?/..',
    ]
    const more = [
      '',
      '?x',
      '/a?b c',
      "/a?b'c",
      '/a?ä',
      '/a#b',
      '/a\\b',
      '/a\tb',
      '/a?b\nc',
      '/ä',
      '/-',
      '/a:b',
      '/a?{}',
      '/a?#',
    ]
    const plain: string[] = []
    for (const tail of [...tails, ...more]) {
      const target = canonicalTarget(`https://app.example.com:8443${tail}`)
      const { pathname, search } = new URL(`https://app.example.com:8443${tail}`)
      expect([target.path, target.search], tail).toEqual([pathname, search])
      if (target.plain) plain.push(tail)
    }
    expect(plain).toEqual(['/a', '/a/b.c', '/a..b', '/a?', '/a?b=c%20d', '/A?/..', '/-'])
  })

  it('belong to the first rule that allows path and method', async () => {
    const proxy = createProxy([
      { ...rule, methods: ['GET'], paths: ['/v1/messages'] },
      { ...rule, to: 'https://second.example.com', methods: ['POST', 'GET'], paths: ['/v1/messages', '/v1/more'] },
    ])
    expect(matched(proxy, asked('/api/v1/messages')).url).toBe('https://api.example.com/base/v1/messages')
    expect(matched(proxy, asked('/api/v1/messages', { method: 'POST' })).url).toBe(
      'https://second.example.com/v1/messages',
    )
    expect(matched(proxy, asked('/api/v1/more')).url).toBe('https://second.example.com/v1/more')
    expect(proxy.origins).toEqual(['https://api.example.com', 'https://second.example.com'])
  })

  it('are refused for methods that no rule allows, naming those that are', async () => {
    const proxy = createProxy([rule])
    for (const method of ['PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'PROPFIND']) {
      const found = proxy.match(asked('/api/v1/messages', { method }))
      expect(found).toBeInstanceOf(Response)
      if (!(found instanceof Response)) return
      expect([found.status, found.headers.get('allow')]).toEqual([405, 'GET, POST'])
    }
  })
})

describe('the rules of a proxy', () => {
  const bad: readonly (readonly [what: string, rule: Partial<ProxyRule>])[] = [
    ['a from that is no path', { from: 'api' }],
    ['a from with two readings', { from: '/a//b' }],
    ['a from with an escape', { from: '/a%2fb' }],
    ['an upstream without encryption', { to: 'http://api.example.com' }],
    ['an upstream that is no URL', { to: '/base' }],
    ['an upstream with a password', { to: 'https://user:pass@api.example.com' }],
    ['an upstream with a query', { to: 'https://api.example.com/?a=1' }],
    ['an upstream with a fragment', { to: 'https://api.example.com/#a' }],
    ['an upstream whose path has two readings', { to: 'https://api.example.com/a;b' }],
    ['no methods', { methods: [] }],
    ['a method in lower case', { methods: ['get'] }],
    ['CONNECT', { methods: ['CONNECT'] }],
    ['TRACE', { methods: ['TRACE'] }],
    ['no paths', { paths: [] }],
    ['a path without a slash', { paths: ['v1'] }],
    ['a path with two readings', { paths: ['/a/../b'] }],
    ['a path with two stars in a segment', { paths: ['/a*b*'] }],
    ['a path that is everything in the middle', { paths: ['/**/a'] }],
    ['a time that is none', { timeout: 0 }],
    ...[
      'cookie',
      'Authorization',
      'dpop',
      'host',
      'connection',
      'transfer-encoding',
      'x-forwarded-for',
      'forwarded',
    ].map((name) => [`the request header ${name}`, { headers: { request: [name] } }] as const),
    ...['x-api-key', 'origin', 'referer', 'x_forwarded_for', 'proxy-authorization', 'sec-fetch-site', 'a b'].map(
      (name) => [`the request header ${name}`, { headers: { request: [name] } }] as const,
    ),
    ...['set-cookie', 'location', 'access-control-allow-origin', 'clear-site-data', 'cache-control', 'refresh'].map(
      (name) => [`the response header ${name}`, { headers: { response: [name] } }] as const,
    ),
    ...['authorization', 'cookie', 'content-length', 'x-forwarded-host'].map(
      (name) => [`a set ${name}`, { headers: { set: { [name]: 'x' } } }] as const,
    ),
    ['a set header with a line break', { headers: { set: { 'x-a': 'b\r\nc: d' } } }],
  ]

  it.each(bad)('may not have %s', (_, change) => {
    expect(() => createProxy([{ ...rule, ...change }])).toThrow(expect.objectContaining({ code: 'config' }))
  })

  it('tell nothing of the values that they set', () => {
    expect(() => createProxy([{ ...rule, headers: { set: { 'x-api-key': 'sécret' } } }])).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('cret') }),
    )
  })

  it('may lead to loopback without encryption', () => {
    expect(createProxy([{ ...rule, to: 'http://localhost:8080' }]).origins).toEqual(['http://localhost:8080'])
  })

  it('do not change with the objects that they were read from', async () => {
    const methods = ['GET']
    const paths = ['/v1/messages']
    const proxy = createProxy([{ ...rule, methods, paths }])
    methods.push('DELETE')
    paths.push('/admin')
    expect(await refusalOf(proxy, asked('/api/admin'))).toBe('404 path_not_allowed')
    expect(await refusalOf(proxy, asked('/api/v1/messages', { method: 'DELETE' }))).toBe('405 method_not_allowed')
  })
})

describe('the headers of a proxy', () => {
  const everything = {
    accept: 'text/event-stream',
    'content-type': 'application/json',
    'idempotency-key': 'once',
    'anthropic-beta': 'tools',
    'x-api-key': 'foreign-key',
    authorization: 'Bearer foreign',
    dpop: 'foreign',
    'proxy-authorization': 'Basic foreign',
    forwarded: 'for=1.1.1.1',
    'x-forwarded-for': '1.1.1.1',
    'x-forwarded-host': 'evil.example',
    x_forwarded_for: '1.1.1.1',
    'x-http-method-override': 'DELETE',
    'x-custom': 'custom',
    'user-agent': 'browser',
    'latchkey-csrf': '1',
  }

  it('that go up are those that are allowed, and no others', async () => {
    let seen: [string, string][] = []
    const request = asked('/api/v1/messages', { headers: everything })
    await forwarded(
      request,
      async (_, init) => {
        seen = [...new Headers(init?.headers)]
        return new Response('ok')
      },
      { headers: { request: ['Anthropic-Beta'], set: { 'anthropic-version': '2023-06-01', 'x-api-key': 'ours' } } },
    )
    expect(Object.fromEntries(seen)).toEqual({
      accept: 'text/event-stream',
      'content-type': 'application/json',
      'idempotency-key': 'once',
      'anthropic-beta': 'tools',
      'anthropic-version': '2023-06-01',
      'x-api-key': 'ours',
      'cache-control': 'no-store',
    })
  })

  it("that a rule sets take the place of the caller's, however they are written", async () => {
    let seen: Headers | undefined
    await forwarded(
      asked('/api/v1/messages', { headers: { accept: 'text/html' } }),
      async (_, init) => {
        seen = new Headers(init?.headers)
        return new Response('ok')
      },
      { headers: { set: { Accept: 'application/json' } } },
    )
    expect(seen?.get('accept')).toBe('application/json')
  })

  it("that all answers have are added to upstream's, and to refusals", async () => {
    const common = { vary: 'Cookie, Origin', 'referrer-policy': 'no-referrer' }
    const proxy = createProxy([{ ...rule, headers: { response: ['Vary', 'Referrer-Policy'] } }], () => common)
    const headers = { vary: 'Accept', 'referrer-policy': 'origin' }
    const found = matched(proxy, asked('/api/v1/messages'))
    const told = await proxy.forward(found, { send: async () => new Response('ok', { headers }) })
    expect([told.headers.get('vary'), told.headers.get('referrer-policy')]).toEqual([
      'Accept, Cookie, Origin',
      'origin',
    ])
    const plain = await proxy.forward(found, { send: async () => new Response('ok') })
    expect(plain.headers.get('vary')).toBe('Cookie, Origin')
    const refused = proxy.match(asked('/api/admin'))
    expect(refused instanceof Response && refused.headers.get('vary')).toBe('Cookie, Origin')
  })

  it('that come down are those that are allowed, and no others', async () => {
    const headers = {
      'content-type': 'text/html',
      etag: '"1"',
      'request-id': 'r',
      'x-ratelimit-remaining': '3',
      'cache-control': 'public, max-age=3600',
      'access-control-allow-origin': '*',
      'access-control-allow-credentials': 'true',
      'clear-site-data': '"*"',
      location: 'https://evil.example/',
      refresh: '0; url=https://evil.example/',
      'content-security-policy': 'default-src *',
      'strict-transport-security': 'max-age=0',
      'www-authenticate': 'Basic',
      'set-login': 'logged-in',
      'x-secret': 'internal',
      server: 'internal',
      link: '<https://evil.example/>; rel=preload',
      'service-worker-allowed': '/',
    }
    const upstream = async (): Promise<Response> => new Response('<p>', { headers })
    const answer = await forwarded(asked('/api/v1/messages'), upstream, {
      headers: { response: ['X-RateLimit-Remaining'] },
    })
    expect(Object.fromEntries(answer.headers)).toEqual({
      'content-type': 'text/html',
      etag: '"1"',
      'request-id': 'r',
      'x-ratelimit-remaining': '3',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
      'cross-origin-resource-policy': 'same-origin',
    })
  })

  it('tell a length only where the body is as long', async () => {
    const lengthOf = async (headers: Record<string, string>): Promise<string | undefined> => {
      const answer = await forwarded(asked('/api/v1/messages'), async () => new Response('12345', { headers }))
      return answer.headers.get('content-length') ?? undefined
    }
    expect(await lengthOf({ 'content-length': '5' })).toBe('5')
    expect(await lengthOf({ 'content-length': '25', 'content-encoding': 'gzip' })).toBeUndefined()
  })
})

describe('what a proxy makes of an answer', () => {
  const answered = (init: ResponseInit, body?: string): Promise<Response> =>
    forwarded(asked('/api/v1/messages'), async () => new Response(body, init))

  it.each([200, 201, 400, 401, 403, 404, 429, 500, 503])('hands on a %i with its body', async (status) => {
    const answer = await answered({ status }, 'said upstream')
    expect([answer.status, await answer.text()]).toEqual([status, 'said upstream'])
  })

  it.each([204, 304])('hands on a %i, which has none', async (status) => {
    const answer = await answered({ status })
    expect([answer.status, await answer.text()]).toEqual([status, ''])
  })

  it.each([301, 302, 303, 307, 308])('lets no %i leave', async (status) => {
    const answer = await answered({ status, headers: { location: 'https://evil.example/?token' } }, 'upstream text')
    expect([answer.status, await answer.text()]).toEqual([502, '{"error":"upstream_redirected"}'])
    expect(answer.headers.get('location') ?? undefined).toBeUndefined()
  })

  it.each([
    ['/api/v1/messages', undefined],
    ['/api/v1/models/a%20b?file=c.txt', undefined],
    ['/api/files/v1.0/report', undefined],
    ['/api/files/a/b/c.txt', 'no-store'],
    ['/api/a.b', 'no-store'],
  ])('keeps what is for one person out of every cache on the way: %s', async (path, cache) => {
    const seen: unknown[] = []
    const upstream: Fetch = async (_, init) => {
      seen.push(new Headers(init?.headers).get('cache-control'), init?.cache)
      return new Response()
    }
    await forwarded(asked(path), upstream)
    await forwarded(asked(path, { method: 'POST', body: 'text', headers: { 'content-length': '4' } }), upstream)
    expect(seen).toEqual(['no-store', cache, 'no-store', cache])
  })

  it('lets a rule say otherwise to those caches', async () => {
    const seen: unknown[] = []
    const upstream: Fetch = async (_, init) => {
      seen.push(new Headers(init?.headers).get('cache-control'))
      return new Response()
    }
    const request = asked('/api/v1/messages', { headers: { 'cache-control': 'max-age=0' } })
    await forwarded(request, upstream, { headers: { request: ['Cache-Control'] } })
    await forwarded(request, upstream, { headers: { set: { 'Cache-Control': 'no-cache' } } })
    expect(seen).toEqual(['max-age=0', 'no-cache'])
  })

  it('has nothing of the answer before', async () => {
    const proxy = createProxy([rule])
    const found = matched(proxy, asked('/api/v1/messages'))
    const headers = { 'content-type': 'text/csv', etag: '"one"', 'content-length': '3' }
    const first = await proxy.forward(found, { send: async () => new Response('one', { headers }) })
    const second = await proxy.forward(found, { send: async () => new Response(undefined) })
    expect([first.headers.get('etag'), await first.text()]).toEqual(['"one"', 'one'])
    expect([...second.headers.keys()].toSorted()).toEqual([
      'cache-control',
      'content-security-policy',
      'cross-origin-resource-policy',
      'x-content-type-options',
    ])
    expect(await second.text()).toBe('')
  })

  it('has nothing of the answer before where a server has a Response of its own, as Hono does under Node', async () => {
    const { Response } = globalThis
    // It keeps the headers that it is given, rather than a copy of them.
    globalThis.Response = function (body: BodyInit | null, init: ResponseInit = {}): Response {
      const made = new Response(body, init)
      const given = init instanceof Response ? undefined : init.headers
      return given instanceof Headers ? Object.defineProperty(made, 'headers', { value: given }) : made
    } as never
    try {
      const proxy = createProxy([rule])
      const found = matched(proxy, asked('/api/v1/messages'))
      const headers = { 'content-type': 'text/csv', etag: '"one"', 'content-length': '3' }
      const first = await proxy.forward(found, { send: async () => new Response('one', { status: 404, headers }) })
      expect(first.headers.get('etag')).toBe('"one"')
      for (const status of [200, 404]) {
        const later = await proxy.forward(found, { send: async () => new Response(undefined, { status }) })
        expect([later.headers.get('etag'), later.headers.get('content-length')]).toEqual([null, null])
      }
    } finally {
      globalThis.Response = Response
    }
  })

  it('lets no status through that cannot be said, and reads no more of such an answer', async () => {
    let cancelled = false
    const body = new ReadableStream({ cancel: () => void (cancelled = true) })
    const odd = Object.defineProperty(new Response(body), 'status', { value: 999 })
    const answer = await forwarded(asked('/api/v1/messages'), async () => odd)
    expect([answer.status, await answer.json(), cancelled]).toEqual([502, { error: 'upstream_unreachable' }, true])
  })

  it('lets the client follow no redirect, though it may go there', async () => {
    const seen: string[] = []
    const client = await aClient(async (input) => {
      seen.push(String(input))
      return new Response('', { status: 302, headers: { location: '/base/v1/models/a' } })
    })
    const proxy = createProxy([rule])
    for (let count = 0; count < 2; count++) {
      const answer = await proxy.forward(matched(proxy, asked('/api/v1/messages')), { send: client.fetch })
      expect([answer.status, await answer.text()]).toEqual([502, '{"error":"upstream_redirected"}'])
    }
    expect(seen).toEqual(Array.from({ length: 2 }, () => 'https://api.example.com/base/v1/messages'))
  })

  it('takes a redirect that the platform hides for one, and leaves it unfollowed', async () => {
    let redirect: unknown
    const hidden = { status: 0, type: 'opaqueredirect', headers: new Headers(), body: null } as Response
    const answer = await forwarded(asked('/api/v1/messages'), async (_, init) => {
      redirect = init?.redirect
      return hidden
    })
    expect([redirect, await answer.text()]).toEqual(['manual', '{"error":"upstream_redirected"}'])
  })

  it('says 502 without a word of upstream where none came, and 504 where it took too long', async () => {
    const client = aClient(() => Promise.reject(new TypeError('secret upstream text')))
    const proxy = createProxy([rule])
    const gone = await proxy.forward(matched(proxy, asked('/api/v1/messages')), { send: (await client).fetch })
    expect([gone.status, await gone.text()]).toEqual([502, '{"error":"upstream_unreachable"}'])
    const late = await forwarded(asked('/api/v1/messages'), untilAborted, { timeout: 50 })
    expect([late.status, await late.text()]).toEqual([504, '{"error":"upstream_timeout"}'])
  })

  it('leaves it to others to say why there is no token', async () => {
    const proxy = createProxy([rule])
    const nobody = createClient({ ...clientOptions(async () => new Response()), store: memoryStore() })
    await expect(
      proxy.forward(matched(proxy, asked('/api/v1/messages')), { send: nobody.fetch }),
    ).rejects.toMatchObject({ code: 'sign_in_required' })
  })

  it('lets an answer that has begun take its time', async () => {
    let signal: AbortSignal | null | undefined
    const answer = await forwarded(
      asked('/api/v1/messages'),
      async (_, init) => {
        signal = init?.signal
        return new Response('slow')
      },
      { timeout: 500 },
    )
    await new Promise((resolve) => {
      setTimeout(resolve, 700)
    })
    expect(signal?.aborted).toBe(false)
    expect(await answer.text()).toBe('slow')
  })

  it('counts the time of a small body too, and only once', async () => {
    const posted = (body: Promise<ArrayBuffer>): Request =>
      ({
        url: 'https://app.example.com/api/v1/messages',
        method: 'POST',
        body: new ReadableStream(),
        headers: lengthHeaders('3'),
        signal: new AbortController().signal,
        arrayBuffer: () => body,
      }) as unknown as Request
    const late = await forwarded(posted(new Promise(() => undefined)), async () => new Response(), { timeout: 50 })
    expect([late.status, await late.text()]).toEqual([504, '{"error":"upstream_timeout"}'])
    let signal: AbortSignal | null | undefined
    const upstream: Fetch = async (_, init) => {
      signal = init?.signal
      return new Response()
    }
    await forwarded(posted(Promise.resolve(new ArrayBuffer(3))), upstream, { timeout: 300 })
    await new Promise((resolve) => {
      setTimeout(resolve, 500)
    })
    expect(signal?.aborted).toBe(false)
  })

  it.each(['before', 'while'])('sends nothing more for a caller who leaves %s it is sent', async (when) => {
    const controller = new AbortController()
    const leave = (): void => controller.abort(new Error('gone'))
    const proxy = createProxy([{ ...rule, timeout: 2000 }])
    if (when === 'before') leave()
    let aborted: boolean | undefined
    const send: Fetch = (input, init) => {
      aborted = init?.signal?.aborted
      if (when === 'while') leave()
      return untilAborted(input, init)
    }
    const match = matched(proxy, asked('/api/v1/messages'))
    await expect(proxy.forward(match, { send, signal: controller.signal })).rejects.toThrow('gone')
    expect(aborted).toBe(when === 'before')
  })

  it('gives up upstream when the caller does', async () => {
    const controller = new AbortController()
    const proxy = createProxy([rule])
    const match = matched(proxy, asked('/api/v1/messages'))
    const pending = proxy.forward(match, { send: untilAborted, signal: controller.signal })
    controller.abort(new Error('gone'))
    await expect(pending).rejects.toThrow('gone')
  })

  it.each([
    ['with a bound', { timeout: 2000 }],
    ['without one', {}],
  ])('gives up upstream when the request does, %s', async (_, more) => {
    const controller = new AbortController()
    const pending = forwarded(asked('/api/v1/messages', { signal: controller.signal }), untilAborted, more)
    controller.abort(new Error('gone'))
    await expect(pending).rejects.toThrow('gone')
  })

  it('has one of the platform’s signals for upstream, whatever the server’s own is', async () => {
    const heard: (() => void)[] = []
    const foreign = {
      aborted: false,
      reason: new Error('gone'),
      addEventListener: (_: string, f: () => void) => heard.push(f),
    }
    const request = asked('/api/v1/messages')
    Object.defineProperty(request, 'signal', { value: foreign })
    let signal: unknown
    const pending = forwarded(request, (input, init) => {
      signal = init?.signal
      return untilAborted(input, init)
    })
    foreign.aborted = true
    for (const leave of heard) leave()
    await expect(pending).rejects.toThrow('gone')
    expect(signal).toBeInstanceOf(AbortSignal)
  })
})

describe('the bodies that a proxy hands on', () => {
  it('are the same stream on the way down', async () => {
    const body = new Response('streamed').body
    const response = { status: 200, type: 'basic', headers: new Headers(), body } as Response
    let given: unknown
    const original = globalThis.Response
    class Watched extends original {
      constructor(...all: ConstructorParameters<typeof Response>) {
        super(...all)
        given = all[0]
      }
    }
    globalThis.Response = Watched
    try {
      await forwarded(asked('/api/v1/messages'), async () => response)
    } finally {
      globalThis.Response = original
    }
    expect(given).toBe(body)
  })

  it('are the same stream on the way up, unless they are small', async () => {
    const body = new ReadableStream()
    const seen: unknown[] = []
    const upstream: Fetch = async (_, init) => {
      seen.push(init?.body)
      return new Response('ok')
    }
    const sent = (length: string | undefined): Request =>
      ({
        url: 'https://app.example.com/api/v1/messages',
        method: 'POST',
        headers: new Headers(length === undefined ? {} : { 'x-length': length }),
        signal: new AbortController().signal,
        body,
        arrayBuffer: async () => new ArrayBuffer(3),
      }) as unknown as Request
    const withLength = (length: string): Request => {
      const request = sent(undefined)
      return { ...request, headers: lengthHeaders(length) } as Request
    }
    for (const request of [sent(undefined), withLength('65537'), withLength('1e3'), withLength('100000000')]) {
      await forwarded(request, upstream)
    }
    expect(seen.every((item) => item === body)).toBe(true)
    await forwarded(withLength('65536'), upstream)
    expect(seen.at(-1)).toBeInstanceOf(ArrayBuffer)
  })

  it('that are small travel again after a 401, with a token that is new', async () => {
    const seen: string[] = []
    const client = await aClient(async (input, init) => {
      if (String(input).endsWith('/token'))
        return Response.json({ access_token: 'new', token_type: 'Bearer', expires_in: 3600 })
      seen.push(`${new Headers(init?.headers).get('authorization')} ${await new Response(init?.body).text()}`)
      return new Response('', { status: seen.length === 1 ? 401 : 200 })
    })
    const proxy = createProxy([rule])
    const request = asked('/api/v1/messages', { method: 'POST', body: 'small' })
    const small = Object.assign(Object.create(request) as Request, {})
    Object.defineProperties(small, {
      headers: { value: lengthHeaders('5') },
      url: { value: request.url },
      method: { value: 'POST' },
      signal: { value: request.signal },
      body: { value: {} },
      arrayBuffer: { value: async () => new TextEncoder().encode('small').buffer },
    })
    const answer = await proxy.forward(matched(proxy, small), { send: client.fetch })
    expect([answer.status, seen]).toEqual([200, ['Bearer old small', 'Bearer new small']])
  })
})

/** A page may not make headers with a length of its own choice, a server sees them. */
const lengthHeaders = (length: string): object => ({
  get: (name: string) => (name === 'content-length' ? length : null),
})

const untilAborted: Client['fetch'] = (_, init) =>
  new Promise((_resolve, reject) => {
    const end = (): void => reject(init?.signal?.reason as Error)
    if (init?.signal?.aborted === true) end()
    init?.signal?.addEventListener('abort', end)
  })

function clientOptions(fetch: Fetch): Parameters<typeof createClient>[0] {
  return {
    provider: {
      id: 'example',
      name: 'Example',
      endpoints: { token: 'https://id.example.com/token' },
      apiOrigins: ['https://api.example.com'],
    },
    clientId: 'app',
    fetch,
  }
}

async function aClient(fetch: Fetch): Promise<Client> {
  const store = memoryStore()
  const tokens = {
    accessToken: 'old',
    tokenType: 'Bearer',
    refreshToken: 'r',
    expiresAt: Date.now() + 3_600_000,
  } as const
  await store.update('example', () => ({ tokens }))
  return createClient({ ...clientOptions(fetch), store })
}
