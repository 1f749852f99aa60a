import { describe, expect, it } from 'vitest'
import { createAuthorizationServer, manualClock } from '../../../src/testing/index.ts'
import type { AuthorizationServer } from '../../../src/testing/index.ts'
import { callApi, postForm, refresh, signIn } from './browserless.ts'

const grace = { rotation: 'grace' } as const

/** How many refreshes the server has carried out, whatever the caller was told. */
function commits({ history }: AuthorizationServer): number {
  return history.count({ endpoint: 'token', grant: 'refresh_token', committed: true })
}

describe('faults', () => {
  it('drop the connection before the server did anything, or after it did all', async () => {
    const server = createAuthorizationServer()
    const tokens = await signIn(server)
    server.faults.next('token', { drop: true })
    await expect(refresh(server, tokens.refresh_token)).rejects.toBeInstanceOf(TypeError)
    expect(commits(server)).toBe(0)
    server.faults.next('token', { drop: true, when: 'after-commit' })
    await expect(refresh(server, tokens.refresh_token)).rejects.toBeInstanceOf(TypeError)
    expect(commits(server)).toBe(1)
    expect((await refresh(server, tokens.refresh_token)).status).toBe(400)
    expect(server.history.last('token')?.reuse).toBe(true)
  })

  it('answer for the server, before it did anything or in place of what it did', async () => {
    const server = createAuthorizationServer(grace)
    const { refresh_token } = await signIn(server)
    server.faults.next('token', { status: 429, retryAfter: 30 })
    const limited = await refresh(server, refresh_token)
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '30'])
    expect(commits(server)).toBe(0)
    const date = new Date(Date.UTC(2026, 0, 2, 3, 4, 5))
    server.faults.next('token', { status: 503, retryAfter: date })
    expect((await refresh(server, refresh_token)).headers.get('retry-after')).toBe('Fri, 02 Jan 2026 03:04:05 GMT')
    server.faults.next('token', { status: 502, body: '<h1>Bad gateway</h1>', when: 'after-commit' })
    const gateway = await refresh(server, refresh_token)
    expect([gateway.status, gateway.headers.get('content-type')]).toEqual([502, 'text/html; charset=utf-8'])
    expect(commits(server)).toBe(1)
    server.faults.next('token', { status: 400, body: { error: 'invalid_grant' }, headers: { 'x-trace': '1' } })
    const refused = await refresh(server, refresh_token)
    expect(await refused.json()).toEqual({ error: 'invalid_grant' })
    expect(refused.headers.get('x-trace')).toBe('1')
    server.faults.next('token', { body: '{"access_token":' })
    expect(await (await refresh(server, refresh_token)).text()).toBe('{"access_token":')
    expect(server.history.last('token')).toMatchObject({ fault: true, status: 200 })
  })

  it('redirect', async () => {
    const server = createAuthorizationServer()
    const { refresh_token } = await signIn(server)
    for (const status of [301, 302, 303, 307, 308]) {
      server.faults.next('token', { redirect: 'https://evil.example/token', status })
      const answer = await refresh(server, refresh_token)
      expect([answer.status, answer.headers.get('location')]).toEqual([status, 'https://evil.example/token'])
    }
    server.faults.next('token', { redirect: '/elsewhere' })
    expect((await refresh(server, refresh_token)).status).toBe(302)
    expect(commits(server)).toBe(0)
  })

  it('change and take away fields of the real answer', async () => {
    const server = createAuthorizationServer(grace)
    const { refresh_token } = await signIn(server)
    server.faults.next('token', { fields: { expires_in: '3600', scope: undefined, extra: [1] } })
    const body = await (await refresh(server, refresh_token)).json()
    expect(body).toMatchObject({ expires_in: '3600', extra: [1], access_token: expect.any(String) })
    expect(body).not.toHaveProperty('scope')
    expect((await callApi(server, body.access_token)).status).toBe(200)
  })

  it('spoil the real answer', async () => {
    const server = createAuthorizationServer(grace)
    const { refresh_token } = await signIn(server)
    server.faults.next('token', { damage: 'html' })
    const html = await refresh(server, refresh_token)
    expect(html.headers.get('content-type')).toContain('text/html')
    expect(await html.text()).toMatch(/^<!doctype html>/)
    server.faults.next('token', { damage: 'truncated' })
    const half = await (await refresh(server, refresh_token)).text()
    expect(half).toMatch(/^\{"access_token":/)
    expect(() => JSON.parse(half)).toThrow(SyntaxError)
    server.faults.next('token', { damage: 'huge' })
    const huge = await (await refresh(server, refresh_token)).text()
    expect(huge.length).toBeGreaterThan(16 * 1_048_576)
    expect(JSON.parse(huge)).toHaveProperty('access_token')
    server.faults.next('token', { damage: 'endless' })
    const reader = (await refresh(server, refresh_token)).body?.getReader()
    for (const expected of ['{', ' ', ' ']) {
      const { value } = (await reader?.read()) ?? {}
      expect(new TextDecoder().decode(value)).toBe(expected)
    }
    await reader?.cancel()
  })

  it('wait by the server’s clock, and leave off when the caller does', async () => {
    const clock = manualClock()
    const server = createAuthorizationServer({ clock, ...grace })
    const { refresh_token } = await signIn(server)
    server.faults.next('token', { latency: 1_000 })
    let answered = false
    const waiting = refresh(server, refresh_token).then(() => (answered = true))
    while (server.history.count({ fault: true }) === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    clock.advance(999)
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect([answered, commits(server)]).toEqual([false, 0])
    clock.advance(1)
    await waiting
    expect(commits(server)).toBe(1)

    server.faults.next('token', { latency: 1_000, when: 'after-commit' })
    const abort = new AbortController()
    const given = server.fetch(`${server.issuer}/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ grant_type: 'refresh_token', client_id: 'app', refresh_token }).toString(),
      signal: abort.signal,
    })
    while (commits(server) < 2) await new Promise((resolve) => setTimeout(resolve, 1))
    abort.abort()
    await expect(given).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('strike only what they are aimed at', async () => {
    const server = createAuthorizationServer(grace)
    server.faults.next('token', { grant: 'refresh_token', status: 500 })
    const tokens = await signIn(server)
    await postForm(server, '/revoke', { client_id: 'app', token: 'unknown' })
    expect((await refresh(server, tokens.refresh_token)).status).toBe(500)
    server.faults.next('token', { call: 2, status: 502 })
    server.faults.next('token', { call: 3, status: 503 })
    const statuses: number[] = []
    for (let call = 0; call < 4; call += 1) statuses.push((await refresh(server, tokens.refresh_token)).status)
    expect(statuses).toEqual([200, 502, 503, 200])
  })

  it('stay until they are taken back, the latest winning and `next` before all', async () => {
    const server = createAuthorizationServer(grace)
    const { refresh_token } = await signIn(server)
    const status = async (): Promise<number> => (await refresh(server, refresh_token)).status
    server.faults.always('token', { status: 500 })
    const end = server.faults.always('token', { status: 501 })
    server.faults.next('token', { status: 502 })
    expect([await status(), await status(), await status()]).toEqual([502, 501, 501])
    end()
    expect(await status()).toBe(500)
    server.faults.clear()
    expect(await status()).toBe(200)
  })

  it('can be decided call by call', async () => {
    const server = createAuthorizationServer(grace)
    const { refresh_token } = await signIn(server)
    let call = 0
    server.faults.always('token', (entry) => {
      call += entry.grant === 'refresh_token' ? 1 : 0
      return call % 2 === 0 ? { status: 500 } : undefined
    })
    const statuses: number[] = []
    for (let count = 0; count < 4; count += 1) statuses.push((await refresh(server, refresh_token)).status)
    expect(statuses).toEqual([200, 500, 200, 500])
  })
})

describe('holding', () => {
  it('keeps a call from happening until it is released', async () => {
    const server = createAuthorizationServer()
    const { refresh_token } = await signIn(server)
    const held = server.faults.hold('token', { grant: 'refresh_token' })
    const first = refresh(server, refresh_token)
    await held.arrived
    expect(commits(server)).toBe(0)
    const second = await refresh(server, refresh_token)
    expect(second.status).toBe(200)
    held.release()
    expect((await first).status).toBe(400)
  })

  it('keeps an answer from arriving until it is released', async () => {
    const server = createAuthorizationServer()
    const { refresh_token } = await signIn(server)
    const held = server.faults.hold('token', { when: 'after-commit' })
    const first = refresh(server, refresh_token)
    await held.arrived
    expect(commits(server)).toBe(1)
    expect(server.history.last('token')?.status).toBeUndefined()
    expect((await refresh(server, refresh_token)).status).toBe(400)
    held.release()
    expect((await first).status).toBe(200)
  })

  it('lets go of everything at once', async () => {
    const server = createAuthorizationServer()
    const { refresh_token } = await signIn(server)
    const held = server.faults.hold('token')
    const waiting = refresh(server, refresh_token)
    await held.arrived
    server.faults.clear()
    expect((await waiting).status).toBe(200)
  })
})
