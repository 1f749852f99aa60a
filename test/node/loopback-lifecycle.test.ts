import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { bindLoopback } from '../../src/redirects/bind-loopback.node.ts'
import { startCallbackServer } from '../../src/redirects/loopback.node.ts'
import { rawRequest, refusedAfter } from './loopback-request.ts'

const state = 'the-expected-state'
const path = '/callback'
const cleanups: (() => unknown)[] = []

afterEach(async () => {
  await Promise.all(cleanups.splice(0).map((cleanup) => cleanup()))
})

/** Takes a port, and gives its number. */
async function occupied(host: string, port = 0): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve)
  })
  cleanups.push(() => server.close())
  return (server.address() as { port: number }).port
}

const hasIPv6 = await occupied('::1').then(
  () => true,
  () => false,
)

/** A server whose `listen` fails on some addresses, as on machines that we do not have here. */
function failing(code: string, addresses: readonly string[]): () => Server {
  return () => {
    const server = createServer()
    const listen = server.listen.bind(server) as (...args: unknown[]) => Server
    server.listen = ((port: number, host: string, done: () => void) => {
      if (!addresses.includes(host)) return listen(port, host, done)
      queueMicrotask(() => server.emit('error', Object.assign(new Error('listen'), { code })))
      return server
    }) as typeof server.listen
    return server
  }
}

describe('where a callback server listens', () => {
  it('is any free port of 127.0.0.1', async () => {
    const server = await startCallbackServer({ path, state })
    cleanups.push(server.close)
    expect(server.port).toBeGreaterThan(0)
    expect(server.redirectUri).toBe(`http://127.0.0.1:${server.port}/callback`)
    expect(await refusedAfter(server.port, 100, '::1')).toBeLessThan(100)
  })

  it.skipIf(!hasIPv6)('is both families where localhost is advertised', async () => {
    const headers = (port: number): Record<string, string> => ({ Host: `localhost:${port}` })
    for (const address of ['127.0.0.1', '::1']) {
      const server = await startCallbackServer({ path, state, host: 'localhost' })
      expect(server.redirectUri).toBe(`http://localhost:${server.port}/callback`)
      const target = `/callback?code=c&state=${state}`
      const answer = rawRequest({ port: server.port, address, target, headers: headers(server.port) })
      await server.callback
      await server.respond('signed-in')
      expect((await answer).status).toBe(200)
      expect(await refusedAfter(server.port, 1_000, '127.0.0.1')).toBeLessThan(1_000)
      expect(await refusedAfter(server.port, 1_000, '::1')).toBeLessThan(1_000)
    }
  })

  it.skipIf(!hasIPv6)('is [::1] where that is advertised', async () => {
    const server = await startCallbackServer({ path, state, host: '::1' })
    expect(server.redirectUri).toBe(`http://[::1]:${server.port}/callback`)
    const headers = { Host: `[::1]:${server.port}` }
    const target = `/callback?code=c&state=${state}`
    const answer = rawRequest({ port: server.port, address: '::1', target, headers })
    expect((await server.callback).hostname).toBe('[::1]')
    await server.respond('signed-in')
    expect((await answer).status).toBe(200)
  })

  it('is the next port when one is taken', async () => {
    const [taken, free] = [await occupied('127.0.0.1'), await occupied('127.0.0.1')]
    await Promise.all(cleanups.splice(1, 1).map((cleanup) => cleanup()))
    const server = await startCallbackServer({ path, state, ports: [taken, free] })
    cleanups.push(server.close)
    expect(server.port).toBe(free)
  })

  it('is nowhere when all ports are taken, and the error names them', async () => {
    const ports = [await occupied('127.0.0.1'), await occupied('127.0.0.1')]
    await expect(startCallbackServer({ path, state, ports })).rejects.toMatchObject({
      code: 'port_in_use',
      detail: { ports },
    })
  })

  it.skipIf(!hasIPv6)('is not a port of which somebody else holds the other family', async () => {
    const port = await occupied('::1')
    const attempt = startCallbackServer({ path, state, host: 'localhost', ports: [port] })
    await expect(attempt).rejects.toMatchObject({ code: 'port_in_use' })
    expect(await refusedAfter(port, 1_000, '127.0.0.1')).toBeLessThan(1_000)
  })

  it.each(['EACCES', 'EADDRINUSE'])('takes %s for a taken port', async (code) => {
    const attempt = bindLoopback('localhost', [1455, 1457], failing(code, ['127.0.0.1', '::1']))
    await expect(attempt).rejects.toMatchObject({ code: 'port_in_use', detail: { ports: [1455, 1457] } })
  })

  it.each(['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EPROTONOSUPPORT'])('does without IPv6 (%s)', async (code) => {
    const { servers } = await bindLoopback('localhost', [0], failing(code, ['::1']))
    for (const server of servers) cleanups.push(() => server.close())
    expect(servers.map((server) => server.address())).toMatchObject([{ address: '127.0.0.1' }])
  })

  it.skipIf(!hasIPv6)('does without IPv4', async () => {
    const { servers, port } = await bindLoopback('localhost', [0], failing('EADDRNOTAVAIL', ['127.0.0.1']))
    for (const server of servers) cleanups.push(() => server.close())
    expect(servers.map((server) => server.address())).toMatchObject([{ address: '::1', port }])
  })

  it.each(['127.0.0.1', 'localhost'] as const)('is nowhere without loopback addresses (%s)', async (host) => {
    const attempt = bindLoopback(host, [0], failing('EADDRNOTAVAIL', ['127.0.0.1', '::1']))
    await expect(attempt).rejects.toMatchObject({ code: 'unsupported' })
  })
})

describe('when a callback server stops', () => {
  it('has freed the port and told the browser, after respond', async () => {
    const server = await startCallbackServer({ path, state })
    const answer = rawRequest({ port: server.port, target: `/callback?code=c&state=${state}` })
    await server.callback
    await server.respond('signed-in')
    expect(await refusedAfter(server.port)).toBeLessThan(1_000)
    expect((await answer).body).toContain('You are signed in')
  })

  it('rejects with aborted, and frees the port', async () => {
    const stop = new AbortController()
    const server = await startCallbackServer({ path, state, signal: stop.signal })
    stop.abort(new Error('a reason of the application'))
    await expect(server.callback).rejects.toMatchObject({ code: 'aborted' })
    expect(await refusedAfter(server.port)).toBeLessThan(1_000)
  })

  it('does not begin when it was aborted before', async () => {
    const attempt = startCallbackServer({ path, state, signal: AbortSignal.abort() })
    await expect(attempt).rejects.toMatchObject({ code: 'aborted' })
  })

  it('rejects with timeout, and frees the port', async () => {
    const server = await startCallbackServer({ path, state, timeout: 100 })
    await expect(server.callback).rejects.toMatchObject({ code: 'timeout', detail: { after: 100 } })
    expect(await refusedAfter(server.port)).toBeLessThan(1_000)
  })

  it('ends idle and half-open connections', async () => {
    const server = await startCallbackServer({ path, state })
    const ended = ['', 'GET / HTTP/1.1\r\n'].map(
      (text) =>
        new Promise((resolve) => {
          const socket = connect(server.port, '127.0.0.1', () => socket.write(text || '\r\n'))
          socket.on('error', () => undefined).on('close', resolve)
        }),
    )
    await new Promise((resolve) => setTimeout(resolve, 100))
    const begun = performance.now()
    await server.close()
    await Promise.all(ended)
    expect(performance.now() - begun).toBeLessThan(1_000)
    await expect(server.callback).rejects.toMatchObject({ code: 'aborted' })
  })

  it('may be asked to several times', async () => {
    const server = await startCallbackServer({ path, state })
    await Promise.all([server.close(), server.respond('failed'), server.close()])
    expect(await refusedAfter(server.port)).toBeLessThan(1_000)
  })

  it('lets nobody be ended by a rejection that nobody looks at', async () => {
    const seen: unknown[] = []
    const see = (error: unknown): number => seen.push(error)
    process.on('unhandledRejection', see)
    const server = await startCallbackServer({ path, state, timeout: 20 })
    await refusedAfter(server.port)
    await new Promise((resolve) => setTimeout(resolve, 50))
    process.off('unhandledRejection', see)
    expect(seen).toEqual([])
  })
})

describe('options that cannot be', () => {
  it.each([
    ['a path without a slash', { path: 'callback' }],
    ['a path with a query', { path: '/callback?a=1' }],
    ['no ports', { ports: [] }],
    ['a port beyond 65535', { ports: [70_000] }],
    ['no timeout', { timeout: 0 }],
    ['an endless timeout', { timeout: Number.POSITIVE_INFINITY }],
    ['an endless hold', { hold: 2 ** 31 }],
    ['an empty state', { state: '' }],
    ['two judges', { accept: () => true }],
  ])('are a TypeError: %s', async (_name, options) => {
    await expect(startCallbackServer({ path, state, ...options })).rejects.toThrow(TypeError)
  })
})
