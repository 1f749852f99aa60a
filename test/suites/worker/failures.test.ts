import { describe, expect, it } from 'vitest'
import { OAuthError } from '../../../src/errors.ts'
import { failureAnswer } from '../../../src/worker/failure-answer.ts'
import { hour, workerRig } from './rig.ts'

const upstreamText = 'upstream-says-<b>secret</b>'

describe('a failure', () => {
  it('is a small JSON for scripts and a page for people', async () => {
    const rig = workerRig()
    const browser = rig.browser()
    const told = await browser.script('/api/echo')
    expect([told.status, await told.text()]).toEqual([401, '{"error":"sign_in_required"}'])
    expect(told.headers.get('content-type')).toBe('application/json')
    const page = await browser.go('/api/echo?a=b')
    expect(page.status).toBe(401)
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(await page.text()).toContain('<a class="go" href="/auth/login?returnTo=%2Fapi%2Fecho%3Fa%3Db">Sign in</a>')
    expect(page.headers.get('content-security-policy')).toContain("form-action 'none'")
  })

  it('is what an address is that nobody can read, whatever it asks for', async () => {
    const rig = workerRig()
    const { signal } = new AbortController()
    const headers = new Headers({ 'latchkey-csrf': '1' })
    const request = { url: 'http://[/auth/session', method: 'GET', headers, signal } as Request
    const { status, headers: told, body } = await rig.handler.answer(request)
    expect([status, body, told.get('cache-control')]).toEqual([400, '{"error":"path_malformed"}', 'no-store'])
    expect(rig.errors).toEqual([])
  })

  it.each([
    ['an outage', { status: 503, body: upstreamText }, 502, 'server_error'],
    ['a limit', { status: 429, body: upstreamText }, 503, 'rate_limited'],
    ['a lost answer', { drop: true as const }, 502, 'network'],
    ['a redirect', { redirect: 'https://evil.example' }, 502, 'unexpected_redirect'],
    ['a page', { damage: 'html' as const }, 502, 'invalid_response'],
    [
      'a refusal',
      { status: 400, body: { error: 'invalid_client', error_description: upstreamText } },
      502,
      'authorization_failed',
    ],
  ])('at the token endpoint, %s, is told without a word of the server', async (_, fault, status, code) => {
    const rig = workerRig()
    const browser = rig.browser()
    const callback = await rig.server.approve((await browser.go('/auth/login')).location ?? '')
    rig.server.faults.next('token', fault)
    const reply = await browser.go(callback, 'other')
    const text = await reply.text()
    expect([reply.status, text.includes(code)]).toEqual([status, true])
    expect(text).not.toContain('upstream')
    expect(rig.errors).toHaveLength(1)
    expect(rig.errors[0]).toMatchObject({ code })
  })

  it('of a refresh keeps the session, which goes on when the server is well', async () => {
    const rig = workerRig()
    const browser = rig.browser()
    await rig.signIn(browser)
    const mend = rig.server.faults.always('token', { status: 503 })
    rig.clock.advance(hour)
    for (let count = 0; count < 3; count++) {
      const reply = await browser.script('/api/echo')
      expect([reply.status, await reply.json()]).toEqual([502, { error: 'server_error' }])
    }
    expect(await (await browser.script('/auth/session')).json()).toMatchObject({ signedIn: true })
    mend()
    expect((await browser.script('/api/echo')).status).toBe(200)
  })

  it('of an early refresh is not tried again by each request', async () => {
    const rig = workerRig()
    const browser = rig.browser()
    await rig.signIn(browser)
    rig.server.faults.always('token', { status: 503 })
    rig.clock.advance(57 * 60_000)
    const before = rig.tokenCalls()
    for (let count = 0; count < 10; count++) {
      expect((await browser.script('/api/echo')).status).toBe(200)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    expect(rig.tokenCalls() - before).toBeGreaterThan(0)
    expect(rig.tokenCalls() - before).toBeLessThan(4)
  })

  it('that says when to come back is asked by no request before, and by no other in its place', async () => {
    const rig = workerRig()
    const [limited, other] = [rig.browser(), rig.browser()]
    await rig.signIn(limited)
    await rig.signIn(other)
    rig.clock.advance(hour)
    const before = rig.tokenCalls()
    rig.server.faults.next('token', { status: 429, headers: { 'retry-after': '60' } })
    const replies = await Promise.all(Array.from({ length: 5 }, () => limited.script('/api/echo')))
    for (const reply of replies) {
      expect([reply.status, await reply.json()]).toEqual([503, { error: 'rate_limited' }])
    }
    expect(rig.tokenCalls() - before).toBe(1)
    expect((await other.script('/api/echo')).status).toBe(200)
    rig.clock.advance(59_000)
    expect((await limited.script('/api/echo')).status).toBe(503)
    expect(rig.tokenCalls() - before).toBe(2)
    rig.clock.advance(1000)
    expect((await limited.script('/api/echo')).status).toBe(200)
    expect(rig.tokenCalls() - before).toBe(3)
  })

  it('of the API that says when to come back goes to who has asked', async () => {
    const rig = workerRig()
    const browser = rig.browser()
    await rig.signIn(browser)
    // While a token is about to end and no other can be had, each call has a client of its own.
    rig.server.faults.always('token', { status: 503 })
    rig.clock.advance(hour - 60_000)
    const before = rig.apiCalls()
    rig.server.faults.next('api', { status: 429, headers: { 'retry-after': '60' } })
    const post = { method: 'POST', body: 'text' }
    const replies = [await browser.script('/api/echo', post), await browser.script('/api/echo', post)]
    expect(replies.map(({ status, headers }) => [status, headers.get('retry-after')])).toEqual([
      [429, '60'],
      [200, null],
    ])
    expect(rig.apiCalls() - before).toBe(2)
  })

  it('of ours is not told at all', async () => {
    const rig = workerRig({
      options: {
        authenticate: () => {
          throw new Error('secret-of-ours')
        },
      },
    })
    const reply = await rig.browser().script('/auth/session')
    expect([reply.status, await reply.text()]).toEqual([500, '{"error":"internal"}'])
    expect(rig.errors).toHaveLength(1)
  })

  it('in what hears of failures costs nothing', async () => {
    const rig = workerRig({
      options: {
        onError: () => {
          throw new Error('broken')
        },
      },
    })
    expect((await rig.browser().go('/auth/callback?code=a&state=b')).status).toBe(400)
  })

  it('is not that nobody is signed in', async () => {
    const rig = workerRig()
    expect((await rig.browser().script('/api/echo')).status).toBe(401)
    expect(rig.errors).toEqual([])
  })

  it('with any code has a status, a title and a text', async () => {
    const view = { page: true, login: '/auth/login' }
    const codes = [
      'state_mismatch',
      'access_denied',
      'network',
      'config',
      'store_corrupt',
      'forbidden',
      'internal',
    ] as const
    for (const code of codes) {
      const { status, body = '' } = failureAnswer(code, view)
      expect(status).toBeGreaterThanOrEqual(400)
      expect(body).toMatch(/<h1>[^<]{5,}<\/h1>\n<p>[^<]{20,}<\/p>/)
      expect(body).toContain(code)
    }
    expect(new OAuthError('config', { reason: 'a' }).code).toBe('config')
  })
})
