import { spawn } from 'node:child_process'
import { request } from 'node:http'
import { connect as connectSocket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { createAuthorizationServer } from '../../src/testing/index.ts'
import { listen } from '../../src/testing/listen.node.ts'
import { authorizationUrl, redirectUri, refresh, signIn } from '../suites/testing/browserless.ts'

const running = () => listen((origin) => createAuthorizationServer({ issuer: origin, autoApprove: true }))

/** The server behind its socket. */
function throughSocket({ server }: Awaited<ReturnType<typeof running>>) {
  return { ...server, fetch: (input: string | URL | Request, init?: RequestInit) => fetch(input, init) }
}

/** How this runtime is told to run a program given as text. */
function evaluate(): readonly string[] {
  if ('Deno' in globalThis) return ['eval']
  return process.versions['bun'] === undefined ? ['--input-type=module', '--eval'] : ['--eval']
}

/** Not by `fetch`: Deno's sends a request again by itself when the connection breaks. */
function refreshOnce(origin: string, token: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const outgoing = request(`${origin}/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    })
    outgoing.on('response', (response) => resolve(response.statusCode))
    outgoing.on('error', reject)
    outgoing.end(`${new URLSearchParams({ grant_type: 'refresh_token', client_id: 'app', refresh_token: token })}`)
  })
}

describe('listen', () => {
  it('tells the server its origin, and serves a whole sign-in over HTTP', async () => {
    const listening = await running()
    try {
      expect(listening.origin).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
      expect(listening.server.issuer).toBe(listening.origin)
      const discovered = await fetch(`${listening.origin}/.well-known/openid-configuration`)
      expect(await discovered.json()).toMatchObject({ issuer: listening.origin })
      const redirect = await fetch(authorizationUrl(listening.server), { redirect: 'manual' })
      expect(redirect.status).toBe(302)
      expect(redirect.headers.get('location')).toContain(`${redirectUri}?code=`)
      const tokens = await signIn(throughSocket(listening))
      const echo = await fetch(`${listening.server.apiUrl}/echo`, {
        method: 'POST',
        body: 'x'.repeat(100_000),
        headers: { authorization: `Bearer ${tokens.access_token}` },
      })
      expect(await echo.json()).toMatchObject({ account: 'ada', method: 'POST', bodyLength: 100_000 })
    } finally {
      await listening.close()
    }
  })

  it('sends events as they come', async () => {
    const listening = await running()
    try {
      const tokens = await signIn(listening.server)
      const answer = await fetch(`${listening.server.apiUrl}/stream?count=3&interval=120`, {
        headers: { authorization: `Bearer ${tokens.access_token}` },
      })
      const arrivals: number[] = []
      for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
        if (chunk.byteLength > 0) arrivals.push(Date.now())
      }
      expect(arrivals.length).toBe(3)
      expect((arrivals[2] ?? 0) - (arrivals[0] ?? 0)).toBeGreaterThan(150)
    } finally {
      await listening.close()
    }
  })

  it('cancels the answer and aborts the request when the caller goes away', async () => {
    let cancelled = (): void => {}
    let aborted = (): void => {}
    const both = Promise.all([
      new Promise<void>((resolve) => (cancelled = resolve)),
      new Promise<void>((resolve) => (aborted = resolve)),
    ])
    const listening = await listen({
      async fetch(input: string | URL | Request) {
        const request = input as Request
        request.signal.addEventListener('abort', () => aborted())
        const body = new ReadableStream({
          start: (controller) => controller.enqueue(new TextEncoder().encode('first')),
          cancel: () => cancelled(),
        })
        return new Response(body)
      },
    })
    try {
      const abort = new AbortController()
      const answer = await fetch(listening.origin, { signal: abort.signal })
      const reader = answer.body?.getReader()
      await reader?.read()
      abort.abort()
      await reader?.read().catch(() => {})
      expect(await both).toHaveLength(2)
    } finally {
      await listening.close()
    }
  })

  it('streams a body up before it is complete', async () => {
    const listening = await listen({
      async fetch(input: string | URL | Request) {
        const reader = (input as Request).body?.getReader()
        const first = await reader?.read()
        reader?.cancel().catch(() => {})
        return new Response(new TextDecoder().decode(first?.value))
      },
    })
    try {
      const text = await new Promise<string>((resolve, reject) => {
        const socket = connectSocket(Number(new URL(listening.origin).port), '127.0.0.1')
        let received = ''
        socket.on('data', (data) => {
          received += String(data)
          if (!received.includes('early')) return
          socket.destroy()
          resolve(received)
        })
        socket.on('error', reject)
        // Content-Length promises more than is ever sent.
        socket.write('POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nearly')
      })
      expect(text).toContain('200')
    } finally {
      await listening.close()
    }
  })

  it('destroys the socket when an answer is dropped, after the server has rotated', async () => {
    const listening = await running()
    try {
      const tokens = await signIn(listening.server)
      listening.server.faults.next('token', { grant: 'refresh_token', drop: true, when: 'after-commit' })
      await expect(refreshOnce(listening.origin, tokens.refresh_token)).rejects.toBeInstanceOf(Error)
      const lost = listening.server.history.last('token')
      expect(lost).toMatchObject({ committed: true, fault: true, refreshTokenId: 'rt-1' })
      expect(lost?.status).toBeUndefined()
      expect((await refresh(throughSocket(listening), tokens.refresh_token)).status).toBe(400)
    } finally {
      await listening.close()
    }
  })

  it('refuses requests that name another host', async () => {
    const listening = await running()
    try {
      const port = Number(new URL(listening.origin).port)
      const answer = await new Promise<string>((resolve, reject) => {
        const socket = connectSocket(port, '127.0.0.1', () =>
          socket.write('GET /jwks HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n'),
        )
        let received = ''
        socket.on('data', (data) => (received += String(data)))
        socket.on('close', () => resolve(received))
        socket.on('error', reject)
      })
      expect(answer).toMatch(/^HTTP\/1\.1 421 /)
    } finally {
      await listening.close()
    }
  })

  it('ends open streams when it closes, frees its port, and may be closed twice', async () => {
    const listening = await running()
    const tokens = await signIn(listening.server)
    const answer = await fetch(`${listening.server.apiUrl}/stream?count=1000&interval=10000`, {
      headers: { authorization: `Bearer ${tokens.access_token}` },
    })
    const reading = answer.text().then(
      () => 'complete',
      () => 'cut',
    )
    await listening.close()
    await listening.close()
    expect(await reading).toBe('cut')
    await expect(fetch(listening.origin)).rejects.toBeInstanceOf(Error)
    const again = await listen(listening.server, { port: Number(new URL(listening.origin).port) })
    await again.close()
  })

  it('answers the preflight requests of browsers', async () => {
    const listening = await running()
    const preflight = (path: string): Promise<Response> =>
      fetch(listening.origin + path, {
        method: 'OPTIONS',
        headers: {
          origin: 'https://app.example.com',
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'dpop,x-trace',
        },
      })
    try {
      const allowed = await preflight('/token')
      expect(allowed.status).toBe(204)
      expect(allowed.headers.get('access-control-allow-origin')).toBe('*')
      expect(allowed.headers.get('access-control-allow-headers')).toBe('dpop,x-trace')
      expect((await preflight('/authorize')).headers.get('access-control-allow-origin')).toBeNull()
      expect(listening.server.history.count({ endpoint: 'token' })).toBe(0)
    } finally {
      await listening.close()
    }
  })

  it('listens on IPv6, too', async () => {
    const listening = await listen((origin) => createAuthorizationServer({ issuer: origin }), { host: '::1' })
    try {
      expect(listening.origin).toMatch(/^http:\/\/\[::1\]:\d+$/)
      expect((await fetch(`${listening.origin}/jwks`)).status).toBe(200)
    } finally {
      await listening.close()
    }
  })

  it('says why it cannot listen', async () => {
    const listening = await running()
    try {
      const port = Number(new URL(listening.origin).port)
      await expect(listen(listening.server, { port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    } finally {
      await listening.close()
    }
  })

  it('frees the port when the server cannot be created', async () => {
    let origin = ''
    const failing = listen((bound): ReturnType<typeof createAuthorizationServer> => {
      origin = bound
      throw new RangeError('no')
    })
    await expect(failing).rejects.toThrow(RangeError)
    await expect(fetch(origin)).rejects.toBeInstanceOf(Error)
  })

  it('lets the process end once it is closed, with a stream open', async () => {
    const listenUrl = new URL('../../src/testing/listen.node.ts', import.meta.url).href
    const program = `
      const { listen } = await import(${JSON.stringify(listenUrl)})
      const body = () => new ReadableStream({ start: (c) => c.enqueue(new Uint8Array([49])) })
      const running = await listen({ fetch: async () => new Response(body()) })
      const answer = await fetch(running.origin)
      await answer.body.getReader().read()
      await running.close()
      console.log('closed')`
    const child = spawn(process.execPath, [...evaluate(), program])
    let output = ''
    child.stdout.on('data', (data) => (output += String(data)))
    child.stderr.on('data', (data) => (output += String(data)))
    const limit = setTimeout(() => child.kill('SIGKILL'), 8_000)
    const code = await new Promise((resolve) => child.once('close', resolve))
    clearTimeout(limit)
    expect({ code, output: output.trim() }).toEqual({ code: 0, output: 'closed' })
  })
})
