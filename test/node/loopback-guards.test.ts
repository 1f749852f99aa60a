import { afterEach, describe, expect, it } from 'vitest'
import { startCallbackServer } from '../../src/redirects/loopback.node.ts'
import type { CallbackServer, CallbackServerOptions } from '../../src/redirects/loopback.node.ts'
import { rawRequest, slowLoris } from './loopback-request.ts'

const state = 'the-expected-state'
const good = `/callback?code=the-code&state=${state}`
const open: CallbackServer[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()))
})

async function listening(options: Partial<CallbackServerOptions> = {}): Promise<CallbackServer> {
  const server = await startCallbackServer({ path: '/callback', state, ...options })
  open.push(server)
  return server
}

/** Asserts that the sign-in still waits by finishing it. */
async function stillWaits(server: CallbackServer, host?: string): Promise<void> {
  const headers = { Host: host ?? `127.0.0.1:${server.port}` }
  const answer = rawRequest({ port: server.port, target: good, headers })
  expect((await server.callback).searchParams.get('code')).toBe('the-code')
  await server.respond('signed-in')
  expect((await answer).status).toBe(200)
}

describe('what is not the awaited callback', () => {
  const cases: readonly [string, number, { method?: string; target?: string; headers?: Record<string, string> }][] = [
    ['a foreign Host', 421, { headers: { Host: 'evil.example' } }],
    ['a foreign Host with our port', 421, { headers: { Host: 'evil.example:PORT' } }],
    ['another loopback name than the advertised one', 421, { headers: { Host: 'localhost:PORT' } }],
    ['our Host without the port', 421, { headers: { Host: '127.0.0.1' } }],
    ['our Host with another port', 421, { headers: { Host: '127.0.0.1:1' } }],
    ['a foreign Origin', 403, { headers: { Origin: 'https://evil.example' } }],
    ['an opaque Origin', 403, { headers: { Origin: 'null' } }],
    ['POST', 405, { method: 'POST', headers: { 'Content-Length': '0' } }],
    ['PUT', 405, { method: 'PUT', headers: { 'Content-Length': '0' } }],
    ['HEAD, which asks but does not show', 405, { method: 'HEAD' }],
    ['OPTIONS, which would ask for CORS', 405, { method: 'OPTIONS' }],
    ['another path', 404, { target: `/callback/?code=c&state=${state}` }],
    ['a longer path', 404, { target: `/callback2?code=c&state=${state}` }],
    ['a path that only normalises to ours', 404, { target: `/x/../callback?code=c&state=${state}` }],
    ['a path with two slashes', 404, { target: `//callback?code=c&state=${state}` }],
    ['an encoded path', 404, { target: `/%63allback?code=c&state=${state}` }],
    ['a favicon', 404, { target: '/favicon.ico' }],
    ['an upgrade', 400, { headers: { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' } }],
    ['no parameters', 400, { target: '/callback' }],
    ['no state', 400, { target: '/callback?code=c' }],
    ['an empty state', 400, { target: '/callback?code=c&state=' }],
    ['a wrong state', 400, { target: '/callback?code=c&state=wrong' }],
    ['a state that only begins like ours', 400, { target: `/callback?code=c&state=${state}x` }],
    ['an error without state', 400, { target: '/callback?error=access_denied' }],
    ['an error with a wrong state', 400, { target: '/callback?error=access_denied&state=wrong' }],
    ['the state alone', 400, { target: `/callback?state=${state}` }],
    ['both a code and an error', 400, { target: `${good}&error=access_denied` }],
    ['two codes', 400, { target: `${good}&code=other` }],
    ['two states', 400, { target: `${good}&state=${state}` }],
    ['two issuers', 400, { target: `${good}&iss=https%3A%2F%2Fa&iss=https%3A%2F%2Fb` }],
    ['two errors', 400, { target: `/callback?error=a&error=b&state=${state}` }],
  ]

  it.each(cases)('answers %s with %i, and goes on waiting', async (_name, status, request) => {
    const server = await listening()
    const headers = Object.fromEntries(
      Object.entries(request.headers ?? {}).map(([name, value]) => [name, value.replace('PORT', String(server.port))]),
    )
    const answer = await rawRequest({ port: server.port, target: good, ...request, headers })
    expect(answer.status).toBe(status)
    expect(answer.head).not.toContain('access-control-')
    expect(answer.head).toContain('connection: close')
    await stillWaits(server)
  })

  it('refuses oversized headers and targets', async () => {
    const server = await listening()
    const headers = await rawRequest({ port: server.port, target: good, headers: { 'X-Big': 'a'.repeat(20_000) } })
    expect([0, 400, 431]).toContain(headers.status)
    const target = await rawRequest({ port: server.port, target: `${good}&x=${'a'.repeat(16_400)}` })
    expect([0, 400, 414, 431]).toContain(target.status)
    await stillWaits(server)
  })

  it('survives what is not HTTP', async () => {
    const server = await listening()
    const answer = await rawRequest({ port: server.port, method: '\u0016\u0003\u0001\u0002', target: '\u0000' })
    expect([0, 400]).toContain(answer.status)
    await stillWaits(server)
  })

  it('lets a sign-in succeed after 1000 forged callbacks', async () => {
    const server = await listening()
    const forged = ['error=access_denied', 'code=evil&state=guess', 'code=evil', `error=x&state=${state}x`]
    for (let batch = 0; batch < 50; batch++) {
      const hits = Array.from({ length: 20 }, (_, n) =>
        rawRequest({ port: server.port, target: `/callback?${forged[n % forged.length]}&n=${batch}` }),
      )
      for (const { status } of await Promise.all(hits)) expect(status).toBe(400)
    }
    await stillWaits(server)
  })

  it('lets a sign-in succeed beside 200 connections that never finish their request', async () => {
    const server = await listening()
    const loris = await Promise.all(Array.from({ length: 200 }, () => slowLoris(server.port)))
    expect(loris).toHaveLength(200)
    await stillWaits(server)
    for (const socket of loris) socket.destroy()
  })
})

describe('what is the awaited callback', () => {
  it('keeps its connection, however many others come while it waits for the verdict', async () => {
    const server = await listening()
    const answer = rawRequest({ port: server.port, target: good })
    await server.callback
    const loris = await Promise.all(Array.from({ length: 150 }, () => slowLoris(server.port)))
    // Time for the oldest to be ended.
    await new Promise((resolve) => setTimeout(resolve, 200))
    await server.respond('signed-in')
    expect((await answer).status).toBe(200)
    for (const socket of loris) socket.destroy()
  })

  it('takes the first and answers a reload with the same page', async () => {
    const server = await listening()
    const first = rawRequest({ port: server.port, target: good })
    await server.callback
    const again = rawRequest({ port: server.port, target: `/callback?code=other&state=${state}` })
    // Give the reload time to arrive before the verdict.
    await new Promise((resolve) => setTimeout(resolve, 200))
    await server.respond('signed-in')
    expect([(await first).status, (await again).status]).toEqual([200, 200])
    expect((await server.callback).searchParams.get('code')).toBe('the-code')
  })

  it('takes an error whose state matches', async () => {
    const server = await listening()
    const answer = rawRequest({ port: server.port, target: `/callback?error=access_denied&state=${state}` })
    expect((await server.callback).searchParams.get('error')).toBe('access_denied')
    await server.respond('failed')
    expect((await answer).status).toBe(400)
  })

  it('takes its own Origin', async () => {
    const server = await listening()
    const headers = { Origin: `http://127.0.0.1:${server.port}` }
    const answer = rawRequest({ port: server.port, target: good, headers })
    await server.callback
    await server.respond('signed-in')
    expect((await answer).status).toBe(200)
  })

  it('asks accept where the state was not known beforehand', async () => {
    let expected = 'not known yet'
    const server = await startCallbackServer({
      path: '/callback',
      accept: (url) => url.searchParams.get('state') === expected,
    })
    open.push(server)
    expect((await rawRequest({ port: server.port, target: good })).status).toBe(400)
    expected = state
    await stillWaits(server)
  })
})
