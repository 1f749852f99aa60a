import { beforeAll, describe, expect, it } from 'vitest'
import type { Ask, Browser } from './browser.ts'
import { origin, sessionCookie, workerRig } from './rig.ts'
import type { WorkerRig } from './rig.ts'

const csrf = { 'latchkey-csrf': '1' }
const listed = 'https://admin.example.com'
const sibling = 'https://evil.example.com'
const foreign = 'https://evil.example'

const fetched = (site: string, mode = 'cors'): Record<string, string> => ({
  'sec-fetch-site': site,
  'sec-fetch-mode': mode,
  'sec-fetch-dest': 'empty',
})
const clicked = (site: string, destination = 'document'): Record<string, string> => ({
  'sec-fetch-site': site,
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': destination,
})

// What a foreign page, or a script that got into a sibling, can make a browser send. All carry the cookie.
const forged: readonly (readonly [string, Ask])[] = [
  ['a form of another site', { method: 'POST', headers: { origin: foreign, ...clicked('cross-site') } }],
  ['a form of a sibling', { method: 'POST', headers: { origin: sibling, ...clicked('same-site') } }],
  ['a form from a sandbox', { method: 'POST', headers: { origin: 'null', ...clicked('cross-site') } }],
  ['a form of an old browser', { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
  ['a form as text', { method: 'POST', headers: { origin: foreign, 'content-type': 'text/plain' }, body: '{"a":1}' }],
  [
    'a form as multipart',
    { method: 'POST', headers: { 'content-type': 'multipart/form-data; boundary=a' }, body: '--a--' },
  ],
  ['a POST without a body', { method: 'POST', headers: { origin: foreign } }],
  ['a beacon', { method: 'POST', headers: { origin: foreign, ...fetched('cross-site', 'no-cors') }, body: 'a' }],
  ['a script without the header', { headers: { origin: foreign, ...fetched('cross-site') } }],
  ['a script of ours that forgot the header', { headers: fetched('same-origin') }],
  ['a picture', { headers: { ...fetched('cross-site', 'no-cors'), 'sec-fetch-dest': 'image' } }],
  ['a picture of our own page', { headers: { ...fetched('same-origin', 'no-cors'), 'sec-fetch-dest': 'image' } }],
  ['a script element', { headers: { ...fetched('same-site', 'no-cors'), 'sec-fetch-dest': 'script' } }],
  ['a link of another site', { headers: clicked('cross-site') }],
  ['a link of a sibling', { headers: clicked('same-site') }],
  ['a frame', { headers: clicked('same-origin', 'iframe') }],
  ['a frame of another site', { headers: clicked('cross-site', 'iframe') }],
  ['an embedded object', { headers: clicked('same-origin', 'object') }],
  ['an old browser', { headers: {} }],
  ['the header from another origin', { headers: { ...csrf, origin: foreign } }],
  ['the header from a sibling', { headers: { ...csrf, origin: sibling, ...fetched('same-site') } }],
  ['the header from a sandbox', { headers: { ...csrf, origin: 'null' } }],
  ['the header from our host by http', { headers: { ...csrf, origin: 'http://app.example.com' } }],
  ['the header from our host at a port', { headers: { ...csrf, origin: `${origin}:8443` } }],
  ['the header from a look-alike', { headers: { ...csrf, origin: `${origin}.evil.example` } }],
  ['the header from our origin in large letters', { headers: { ...csrf, origin: origin.toUpperCase() } }],
  ['the header from our origin with a slash', { headers: { ...csrf, origin: `${origin}/` } }],
  ['the header from two origins', { headers: { ...csrf, origin: `${origin}, ${foreign}` } }],
  ['the header, though the browser says same-site', { headers: { ...csrf, ...fetched('same-site') } }],
  ['the header, though the browser says cross-site', { headers: { ...csrf, ...fetched('cross-site') } }],
  ['the header, though the browser says none', { headers: { ...csrf, ...fetched('none') } }],
  ['the header in a POST from a sibling', { method: 'POST', headers: { ...csrf, origin: sibling }, body: '{}' }],
  ['the header with another value', { headers: { 'latchkey-csrf': '0', ...fetched('same-origin') } }],
  ['the header with no value', { headers: { 'latchkey-csrf': '', ...fetched('same-origin') } }],
  ['the header in the query', { headers: fetched('same-origin') }],
  ['a POST that claims to be a link', { method: 'POST', headers: clicked('same-origin') }],
  ['a link with an origin', { headers: { ...clicked('same-origin'), origin: foreign } }],
  ['a request that says two sites', { headers: { ...csrf, 'sec-fetch-site': 'same-origin, cross-site' } }],
]

const honest: readonly (readonly [string, Ask])[] = [
  ['a script of ours', { headers: { ...csrf, ...fetched('same-origin') } }],
  [
    'a script of ours that posts',
    { method: 'POST', headers: { ...csrf, origin, ...fetched('same-origin') }, body: '{}' },
  ],
  ['a script of ours in an old browser', { headers: csrf }],
  ['a script of a listed origin', { headers: { ...csrf, origin: listed, ...fetched('same-site') } }],
  ['a link of ours', { headers: clicked('same-origin') }],
  ['an address that was typed', { headers: clicked('none') }],
]

describe('forgery', () => {
  let rig: WorkerRig
  let browser: Browser

  beforeAll(async () => {
    rig = workerRig({ options: { allowedOrigins: [listed] } })
    browser = rig.browser()
    await rig.signIn(browser)
  })

  it.each(forged)('%s reaches nothing', async (_, ask) => {
    const calls = [rig.apiCalls(), rig.tokenCalls()]
    for (const path of ['/api/echo', '/auth/session', '/auth/logout']) {
      const { method = 'GET' } = ask
      const asked = path === '/auth/logout' ? { ...ask, method: 'POST' } : ask
      const reply = await browser.send(path, asked)
      const expected = path === '/auth/session' && method === 'POST' ? 405 : 403
      expect([path, reply.status]).toEqual([path, expected])
      expect(reply.headers.has('access-control-allow-origin')).toBe(false)
    }
    expect([rig.apiCalls(), rig.tokenCalls()]).toEqual(calls)
    expect(await rig.store.keys()).toHaveLength(1)
  })

  it.each(honest)('%s reaches the API', async (_, ask) => {
    const calls = rig.apiCalls()
    const reply = await browser.send('/api/echo', ask)
    expect([reply.status, rig.apiCalls()]).toEqual([200, calls + 1])
  })

  it.each(['/auth/session', '/auth/logout'])('%s is for scripts, not for links', async (path) => {
    const method = path.endsWith('logout') ? 'POST' : 'GET'
    expect((await browser.send(path, { method, headers: clicked('same-origin') })).status).toBe(403)
    expect((await browser.send(path, { method, headers: clicked('none') })).status).toBe(403)
  })

  it.each([
    ['a frame', clicked('cross-site', 'iframe')],
    ['a picture', { ...fetched('cross-site', 'no-cors'), 'sec-fetch-dest': 'image' }],
    ['a script', fetched('same-origin')],
    ['a prefetching script', fetched('cross-site', 'no-cors')],
  ])('a sign-in begins and ends by a link, not in %s', async (_, headers) => {
    const calls = rig.tokenCalls()
    for (const path of ['/auth/login', '/auth/callback?code=a&state=b']) {
      const reply = await browser.send(path, { headers })
      expect([reply.status, reply.setCookies]).toEqual([403, []])
    }
    expect(rig.tokenCalls()).toBe(calls)
  })

  it('a sign-in may begin at a link of another site, and in a browser that says nothing', async () => {
    expect((await browser.go('/auth/login', 'other')).status).toBe(303)
    expect((await browser.send('/auth/login')).status).toBe(303)
  })

  it('the session cookie is not sent along from another site at all', async () => {
    expect((await browser.go('/api/echo', 'other')).status).toBe(403)
    expect(browser.jar.get(sessionCookie)?.sameSite).toBe('Strict')
  })
})

describe('scripts of other origins', () => {
  const asked = (from: string, more: Readonly<Record<string, string>> = {}): Ask => ({
    method: 'OPTIONS',
    headers: { origin: from, 'access-control-request-method': 'POST', ...more },
  })

  it('may ask if their origin is listed', async () => {
    const rig = workerRig({ options: { allowedOrigins: [listed] } })
    const wanted = { 'access-control-request-headers': 'content-type, latchkey-csrf, x-mine, bad header' }
    const { status, headers } = await rig.browser().send('/api/echo', asked(listed, wanted))
    expect(status).toBe(204)
    expect(headers.get('access-control-allow-origin')).toBe(listed)
    expect(headers.get('access-control-allow-credentials')).toBe('true')
    expect(headers.get('access-control-allow-methods')).toBe('POST')
    expect(headers.get('access-control-allow-headers')).toBe('latchkey-csrf, content-type, x-mine')
    expect(headers.get('vary')).toContain('Origin')
  })

  it.each([foreign, 'null', '*', sibling, `${listed}.evil.example`, listed.replace('https', 'http'), origin])(
    'may not if it is %s',
    async (from) => {
      const rig = workerRig({ options: { allowedOrigins: [listed] } })
      for (const reply of [
        await rig.browser().send('/api/echo', asked(from)),
        await rig.browser().send('/auth/session', { headers: { ...csrf, origin: from } }),
      ]) {
        expect([...reply.headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([])
      }
    },
  )

  it('may read what they asked for, errors too', async () => {
    const rig = workerRig({ options: { allowedOrigins: [listed] } })
    for (const path of ['/auth/session', '/api/echo', '/api/forbidden', '/nothing']) {
      const { headers } = await rig.browser().send(path, { headers: { ...csrf, origin: listed } })
      expect(headers.get('access-control-allow-origin')).toBe(listed)
      expect(headers.get('access-control-allow-credentials')).toBe('true')
    }
  })

  it('may read the headers that the rules let come down, those that a rule adds too', async () => {
    const rule = { from: '/api', to: 'https://api.example.com', methods: ['GET'], paths: ['/echo'] }
    const proxy = [rule, { ...rule, from: '/other', headers: { response: ['X-RateLimit-Remaining'] } }]
    const rig = workerRig({ options: { allowedOrigins: [listed], proxy } })
    const { headers } = await rig.browser().send('/api/echo', { headers: { ...csrf, origin: listed } })
    const names = headers.get('access-control-expose-headers')?.split(', ') ?? []
    expect(names).toEqual(expect.arrayContaining(['retry-after', 'request-id', 'x-ratelimit-remaining']))
    expect(names).not.toContain('set-cookie')
  })

  it('may not, where none is listed', async () => {
    const reply = await workerRig().browser().send('/auth/session', asked(listed))
    expect([reply.status, reply.headers.has('access-control-allow-origin')]).toEqual([403, false])
  })
})

describe('where we are', () => {
  const forwarded: readonly Readonly<Record<string, string>>[] = [
    { host: 'evil.example' },
    { 'x-forwarded-host': 'evil.example' },
    { 'x-forwarded-host': 'evil.example, app.example.com', 'x-forwarded-proto': 'http' },
    { 'x-forwarded-proto': 'http' },
    { 'x-forwarded-port': '8080' },
    { 'x-forwarded-prefix': '/evil' },
    { 'x-forwarded-server': 'evil.example' },
    { 'x-forwarded-uri': '/auth/logout' },
    { 'x-original-host': 'evil.example' },
    { 'x-original-url': '/auth/logout' },
    { 'x-rewrite-url': '/auth/logout' },
    { 'x-host': 'evil.example' },
    { forwarded: 'for=1.2.3.4;host=evil.example;proto=http' },
    { 'cf-connecting-ip': '1.2.3.4', 'cf-visitor': '{"scheme":"http"}' },
    { origin: 'https://app.example.com', referer: 'https://evil.example/' },
    { via: '1.1 evil.example' },
  ]

  it.each(forwarded.map((headers) => [JSON.stringify(headers), headers] as const))(
    'is not told by %s',
    async (_, headers) => {
      const rig = workerRig()
      const { location } = await rig.browser().send('/auth/login', { headers })
      expect(location?.origin).toBe(rig.server.issuer)
      expect(location?.searchParams.get('redirect_uri')).toBe(`${origin}/auth/callback`)
    },
  )

  it.each(['https://evil.example', 'http://app.example.com', 'https://app.example.com:444', 'http://10.0.0.7:8080'])(
    'is not told by the address that we were called by, %s',
    async (called) => {
      const rig = workerRig()
      const browser = rig.browser()
      const away = await browser.go(`${called}/auth/login?returnTo=/inbox`)
      expect(away.location?.searchParams.get('redirect_uri')).toBe(`${origin}/auth/callback`)
      const callback = await rig.server.approve(away.location ?? '')
      const back = await browser.go(`${called}${callback.pathname}${callback.search}`, 'other')
      expect(back.location?.href).toBe(`${origin}/inbox`)
    },
  )
})
