import { describe, expect, it } from 'vitest'
import { createWorkerHandler } from '../../../src/worker/index.ts'
import { openBrowser, makeRequest } from './browser.ts'
import { clientSecret, cookieOf, hour, origin, sessionCookie, signInCookie, workerRig } from './rig.ts'

const signedOut = { signedIn: false }

describe('a sign-in', () => {
  it('sends the person away, takes them back, and gives them a session', async () => {
    const rig = workerRig()
    const browser = rig.browser()
    expect(await (await browser.script('/auth/session')).json()).toEqual(signedOut)
    const away = await browser.go('/auth/login?returnTo=/inbox?page=2')
    expect(away.status).toBe(303)
    expect(away.location?.origin).toBe(rig.server.issuer)
    expect(away.location?.searchParams.get('redirect_uri')).toBe(`${origin}/auth/callback`)
    const back = await browser.go(await rig.server.approve(away.location ?? ''), 'other')
    expect(back.status).toBe(303)
    expect(back.location?.href).toBe(`${origin}/inbox?page=2`)
    expect(await (await browser.script('/auth/session')).json()).toEqual({
      signedIn: true,
      account: { issuer: rig.server.issuer, subject: 'ada', name: expect.any(String) },
      expiresAt: rig.clock.now() + 12 * hour,
    })
    const echo = await browser.script('/api/echo')
    expect(await echo.json()).toMatchObject({ account: 'ada', headers: { authorization: expect.any(String) } })
    expect(rig.errors).toEqual([])
  })

  it('keeps the transaction in a Lax cookie and the session in a Strict one, which say nothing to a reader', async () => {
    const rig = workerRig()
    const browser = rig.browser()
    const away = await browser.go('/auth/login')
    const transaction = cookieOf(browser, signInCookie)
    expect(browser.jar.get(transaction.name)?.sameSite).toBe('Lax')
    await browser.go(await rig.server.approve(away.location ?? ''), 'other')
    const session = cookieOf(browser, sessionCookie)
    expect(browser.jar.get(session.name)?.sameSite).toBe('Strict')
    for (const { value } of [transaction, session]) {
      const [header = '', key, ...rest] = value.split('.')
      expect(JSON.parse(atob(header))).toEqual({ alg: 'dir', enc: 'A256GCM' })
      expect([key, rest.length]).toEqual(['', 3])
    }
  })

  it('forgets the transaction when it is used, and only that', async () => {
    const rig = workerRig()
    const browser = rig.browser()
    const first = await browser.go('/auth/login?returnTo=/one')
    const second = await browser.go('/auth/login?returnTo=/two')
    const toOne = await browser.go(await rig.server.approve(first.location ?? ''), 'other')
    expect(toOne.location?.pathname).toBe('/one')
    expect([...browser.jar.keys()].filter((name) => name.startsWith(signInCookie))).toHaveLength(1)
    const toTwo = await browser.go(await rig.server.approve(second.location ?? ''), 'other')
    expect(toTwo.location?.pathname).toBe('/two')
  })

  it('remembers four at a time, and forgets the oldest', async () => {
    const rig = workerRig()
    const browser = rig.browser()
    const begun: URL[] = []
    for (let count = 0; count < 6; count++) {
      begun.push((await browser.go('/auth/login')).location ?? new URL(origin))
      rig.clock.advance(1000)
    }
    expect([...browser.jar.keys()].filter((name) => name.startsWith(signInCookie))).toHaveLength(4)
    expect((await browser.go(await rig.server.approve(begun[1] ?? ''), 'other')).status).toBe(400)
    expect((await browser.go(await rig.server.approve(begun[2] ?? ''), 'other')).status).toBe(303)
  })

  it('is over after the time that is allowed for it', async () => {
    const rig = workerRig({ server: { lifetimes: { code: 2 * hour } } })
    const browser = rig.browser()
    const away = await browser.go('/auth/login')
    const callback = await rig.server.approve(away.location ?? '')
    const { name, value } = cookieOf(browser, signInCookie)
    rig.clock.advance(600_000)
    expect((await browser.go(callback, 'other')).status).toBe(400)
    expect((await browser.send(callback, { headers: { cookie: `${name}=${value}` } })).status).toBe(400)
    expect(rig.tokenCalls()).toBe(0)
  })

  it('gives nothing to a browser that did not begin it, and asks nobody for a token', async () => {
    const rig = workerRig()
    const [attacker, victim] = [rig.browser(), rig.browser()]
    const away = await attacker.go('/auth/login')
    const callback = await rig.server.approve(away.location ?? '')
    const reply = await victim.go(callback, 'other')
    expect(reply.status).toBe(400)
    expect(reply.setCookies).toEqual([])
    expect(rig.tokenCalls()).toBe(0)
    await victim.go('/auth/login')
    expect((await victim.go(callback, 'other')).status).toBe(400)
    expect(rig.tokenCalls()).toBe(0)
    expect(await (await victim.script('/auth/session')).json()).toEqual(signedOut)
  })

  it('is finished once, in this isolate and in another', async () => {
    const rig = workerRig()
    const browser = rig.browser()
    const away = await browser.go('/auth/login')
    const callback = await rig.server.approve(away.location ?? '')
    const { name, value } = cookieOf(browser, signInCookie)
    const again = { headers: { cookie: `${name}=${value}` } }
    const replies = await Promise.all([browser.send(callback, again), browser.send(callback, again)])
    expect(replies.map(({ status }) => status).sort()).toEqual([303, 400])
    expect((await rig.browser().send(callback, again)).status).toBe(400)
    expect((await rig.browser(rig.another()).send(callback, again)).status).toBe(400)
    expect(rig.tokenCalls()).toBe(1)
  })

  it('ends the session before it, and never takes over its name', async () => {
    const rig = workerRig()
    const browser = rig.browser()
    await rig.signIn(browser)
    const before = cookieOf(browser, sessionCookie).value
    const [slot = ''] = await rig.store.keys()
    await rig.signIn(browser)
    await expect.poll(async () => rig.store.keys()).toHaveLength(1)
    expect(await rig.store.keys()).not.toContain(slot)
    expect(cookieOf(browser, sessionCookie).value).not.toBe(before)
    const old = await rig.browser().script('/auth/session', { headers: { cookie: `${sessionCookie}=${before}` } })
    expect(await old.json()).toEqual(signedOut)
  })

  it('outlives what was asked in the name of the session before it, and answered late', async () => {
    const rig = workerRig()
    const browser = rig.browser()
    await rig.signIn(browser)
    const old = { headers: { cookie: `${sessionCookie}=${cookieOf(browser, sessionCookie).value}` } }
    rig.clock.advance(hour)
    const callback = await rig.server.approve((await browser.go('/auth/login')).location ?? '')
    const hold = rig.server.faults.hold('token')
    const waiting = browser.script('/api/echo', old)
    await hold.arrived
    await browser.go(callback, 'other')
    await expect.poll(async () => (await rig.store.keys()).length).toBe(1)
    hold.release()
    expect((await waiting).status).toBe(401)
    expect((await browser.script('/api/echo', old)).status).toBe(401)
    expect(await (await browser.script('/auth/session', old)).json()).toEqual(signedOut)
    expect((await browser.script('/api/echo')).status).toBe(200)
  })

  it('goes well a minute after the server has new keys, wherever it publishes them', async () => {
    const rig = workerRig({ server: { paths: { jwks: '/.well-known/jwks.json' } } })
    expect((await rig.signIn(rig.browser())).status).toBe(303)
    await rig.server.rotateKeys({ keep: false })
    rig.clock.advance(60_000)
    expect((await rig.signIn(rig.browser())).status).toBe(303)
    expect((await rig.signIn(rig.browser())).status).toBe(303)
    expect(rig.server.history.count({ endpoint: 'jwks' })).toBe(2)
  })

  it.each(['html', 'truncated'] as const)('goes well as soon as the metadata are whole again: %s', async (damage) => {
    const rig = workerRig()
    rig.server.faults.next('metadata', { damage })
    expect((await rig.browser().go('/auth/login')).status).toBe(502)
    expect((await rig.browser().go('/auth/login')).status).toBe(303)
  })

  it('that was planted with a session of somebody else gives a new one', async () => {
    const rig = workerRig()
    const [attacker, victim] = [rig.browser(), rig.browser()]
    await rig.signIn(attacker, { user: 'ada' })
    victim.jar.set(sessionCookie, {
      value: cookieOf(attacker, sessionCookie).value,
      sameSite: 'Strict',
      until: Infinity,
    })
    await rig.signIn(victim)
    expect(cookieOf(victim, sessionCookie).value).not.toBe(cookieOf(attacker, sessionCookie).value)
    expect(await (await attacker.script('/auth/session')).json()).toEqual(signedOut)
  })

  it('that the person refuses says so, and asks nobody for a token', async () => {
    const rig = workerRig()
    const browser = rig.browser()
    const away = await browser.go('/auth/login')
    const reply = await browser.go(await rig.server.approve(away.location ?? '', { deny: 'access_denied' }), 'other')
    expect(reply.status).toBe(403)
    expect(await reply.text()).toContain('access_denied')
    expect(rig.tokenCalls()).toBe(0)
    expect(browser.jar.size).toBe(0)
  })

  it.each([
    ['without a state', '?code=abc'],
    ['with an unknown state', '?code=abc&state=unknown'],
    ['with two states', '?code=abc&state=a&state=b'],
    ['with a token', '?access_token=abc&state=a'],
    ['with nothing', ''],
    ['with a state that is no text', '?code=a&state=%00%ff'],
  ])('with a callback %s is refused', async (_, query) => {
    const rig = workerRig()
    const browser = rig.browser()
    await browser.go('/auth/login')
    const reply = await browser.go(`/auth/callback${query}`, 'other')
    expect(reply.status).toBe(400)
    expect(rig.tokenCalls()).toBe(0)
  })

  it('cannot be told whom to ask: nothing but returnTo is read', async () => {
    const rig = workerRig()
    const query = 'scope=admin&redirect_uri=https://evil.example/&client_id=evil&prompt=none&returnTo=/a%26prompt=none'
    const { location } = await rig.browser().go(`/auth/login?${query}`)
    expect(location?.searchParams.get('scope')).toBe('openid profile offline_access read')
    expect(location?.searchParams.get('client_id')).toBe('app')
    expect(location?.searchParams.get('redirect_uri')).toBe(`${origin}/auth/callback`)
    expect(location?.searchParams.has('prompt')).toBe(false)
  })
})

describe('the end', () => {
  it('by logout ends the session here and at the server', async () => {
    const rig = workerRig()
    const browser = rig.browser()
    await rig.signIn(browser)
    const stolen = cookieOf(browser, sessionCookie).value
    const reply = await browser.script('/auth/logout', { method: 'POST' })
    expect(await reply.json()).toEqual({ revocation: 'done' })
    expect(browser.jar.size).toBe(0)
    expect(await rig.store.keys()).toEqual([])
    const thief = await rig.browser().script('/api/echo', { headers: { cookie: `${sessionCookie}=${stolen}` } })
    expect(thief.status).toBe(401)
    expect(rig.apiCalls()).toBe(0)
  })

  it('by logout of nobody is no error', async () => {
    const reply = await workerRig().browser().script('/auth/logout', { method: 'POST' })
    expect([reply.status, await reply.json()]).toEqual([200, { revocation: 'skipped' }])
  })

  it('comes when the time of the session is over, however often it is used', async () => {
    const rig = workerRig({ options: { sessionLifetime: 2 * hour } })
    const browser = rig.browser()
    await rig.signIn(browser)
    const { value } = cookieOf(browser, sessionCookie)
    const cookie = { headers: { cookie: `${sessionCookie}=${value}` } }
    rig.clock.advance(2 * hour - 1000)
    expect((await browser.script('/api/echo', cookie)).status).toBe(200)
    rig.clock.advance(1000)
    expect((await browser.script('/api/echo', cookie)).status).toBe(401)
  })

  it('comes with the end of the refresh token', async () => {
    const rig = workerRig()
    const browser = rig.browser()
    await rig.signIn(browser)
    rig.server.revokeSessions()
    rig.clock.advance(hour)
    const call = await browser.script('/api/echo')
    expect(call.status).toBe(401)
    expect(await call.json()).toEqual({ error: 'sign_in_required' })
    expect(browser.jar.size).toBe(0)
  })

  it('comes with the end of the refresh token, also where that was found out in another isolate', async () => {
    const rig = workerRig({ server: { lifetimes: { accessToken: 4 * hour } } })
    const browser = rig.browser()
    await rig.signIn(browser)
    const [key = ''] = await rig.store.keys()
    const { fingerprint } = await import('../../../src/core/index.ts')
    const record = await rig.store.get(key)
    if (record === undefined) throw new Error('nothing is stored')
    const dead = { hash: await fingerprint(record), at: rig.clock.now(), error: 'invalid_grant' }
    await rig.store.update(key, (current) => current && { ...current, dead })
    rig.clock.advance(10_000)
    expect(await (await browser.script('/auth/session')).json()).toEqual(signedOut)
    expect(browser.jar.size).toBe(0)
  })
})

describe('where a handler answers', () => {
  it('a Response carries what the answer says, cookies where a server is', async () => {
    const { options, clock } = workerRig()
    const handle = createWorkerHandler(options)
    const request = makeRequest(`${origin}/auth/login`, {
      method: 'GET',
      headers: {},
      body: undefined,
      signal: undefined,
    })
    const response = await handle(request)
    expect(response).toBeInstanceOf(Response)
    expect(response.status).toBe(303)
    expect(response.headers.get('cache-control')).toBe('no-store')
    const servers = new Response(null, { headers: { 'set-cookie': 'a=b' } }).headers.has('set-cookie')
    expect(response.headers.has('set-cookie')).toBe(servers)
    expect(clock.now()).toBeGreaterThan(0)
  })

  it('each answer is for one person and for no cache', async () => {
    const rig = workerRig()
    const browser = rig.browser()
    await rig.signIn(browser)
    await browser.script('/auth/session')
    await browser.script('/api/echo')
    await browser.script('/api/nothing')
    await browser.go('/auth/nothing')
    await browser.go('/elsewhere')
    await browser.script('/auth/logout', { method: 'POST' })
    await browser.script('/api/echo')
    expect(rig.replies.length).toBeGreaterThan(8)
    for (const { headers } of rig.replies) {
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('vary')).toContain('Cookie')
      expect(headers.get('referrer-policy')).toBe('no-referrer')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
    }
  })

  it.each([
    ['/auth/login', 'POST', 'GET'],
    ['/auth/callback', 'POST', 'GET'],
    ['/auth/session', 'PUT', 'GET'],
    ['/auth/logout', 'GET', 'POST'],
    ['/auth/login', 'HEAD', 'GET'],
    ['/auth/login', 'constructor', 'GET'],
    ['/auth/login', '__proto__', 'GET'],
  ])('%s is not for %s', async (path, method, allowed) => {
    const reply = await workerRig().browser().script(path, { method })
    expect([reply.status, reply.headers.get('allow')]).toEqual([405, allowed])
  })

  it.each([
    '/auth',
    '/auth/',
    '/auth/Login',
    '/auth/login/',
    '/auth//login',
    '/auth/token',
    '/auth/paste',
    '/auth/__proto__',
    '/auth/constructor',
    '/',
  ])('nothing is at %s', async (path) => {
    const reply = await workerRig().browser().script(path)
    expect([reply.status, await reply.json()]).toEqual([404, { error: 'not_found' }])
  })

  it('on loopback, cookies do without what browsers keep for https', async () => {
    const local = 'http://localhost:8787'
    const rig = workerRig({ options: { publicUrl: local } })
    const browser = openBrowser({ origin: local, now: rig.clock.now, handler: rig.handler })
    const back = await rig.signIn(browser)
    expect(back.location?.href).toBe(`${local}/`)
    expect([...browser.jar.keys()]).toEqual(['latchkey.auth'])
    expect((await browser.script('/api/echo')).status).toBe(200)
  })

  it('two handlers share an origin without sharing cookies', async () => {
    const rig = workerRig()
    const other = rig.another({ basePath: '/auth/second', redirectUri: `${origin}/auth/second/callback` })
    const browser = rig.browser()
    await rig.signIn(browser)
    const second = rig.browser(other)
    for (const [name, kept] of browser.jar) second.jar.set(name, kept)
    expect(await (await second.script('/auth/second/session')).json()).toEqual(signedOut)
  })

  it('the client proves itself, and its secret is seen nowhere else', async () => {
    const rig = workerRig()
    await rig.signIn(rig.browser())
    expect(rig.tokenCalls()).toBe(1)
    const seen = await Promise.all(rig.replies.map(async (reply) => [...reply.headers, await reply.text()].join()))
    expect(seen.join()).not.toContain(clientSecret)
  })
})
