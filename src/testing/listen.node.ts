/**
 * Puts anything that answers requests on a real port: Node, Deno and Bun.
 *
 * @module
 */

import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import type { Fetch } from '../contracts.ts'

export type { Fetch } from '../contracts.ts'

/** Anything that answers requests. */
export interface Listener {
  /** Answers one request; a rejection destroys its socket. */
  readonly fetch: Fetch
}

/** Where to listen. */
export interface ListenOptions {
  /** Anything but a loopback address lets others in. @default '127.0.0.1' */
  readonly host?: string
  /** The port. @default 0 // any that is free */
  readonly port?: number
}

/** A server that listens. */
export interface Listening<Served extends Listener> {
  /** For example `http://127.0.0.1:40123`. */
  readonly origin: string
  /** What was given to `listen`, or what its function created. */
  readonly server: Served
  /** Ends every connection, streams included, and frees the port. Again is no error. */
  close(): Promise<void>
  /** The same, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Serves real HTTP on loopback.
 *
 * A server that must know its own address is created by a function, which gets the origin once the
 * port is bound. Bodies stream both ways. When a caller goes away, the answer's stream is cancelled and
 * the request's signal aborts; when `fetch` rejects, the socket is destroyed without an answer.
 *
 * @example
 * ```ts
 * import { createAuthorizationServer } from 'latchkey/testing'
 * import { listen } from 'latchkey/testing/node'
 *
 * await using running = await listen((origin) => createAuthorizationServer({ issuer: origin, autoApprove: true }))
 * console.log(running.server.issuer)   // http://127.0.0.1:40123
 * ```
 *
 * @throws what `listen` of `node:http` gives, for example `EADDRINUSE`.
 */
export async function listen<Served extends Listener>(
  served: Served | ((origin: string) => Served | Promise<Served>),
  { host = '127.0.0.1', port = 0 }: ListenOptions = {},
): Promise<Listening<Served>> {
  const http = createServer()
  await bound(http, host, port)
  const { port: free } = http.address() as AddressInfo
  const origin = `http://${host.includes(':') ? `[${host}]` : host}:${free}`
  const close = closing(http)
  try {
    const server = typeof served === 'function' ? await served(origin) : served
    http.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) => {
      void exchange(server, origin, { incoming, outgoing })
    })
    return { origin, server, close, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

function bound(http: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    http.once('error', reject)
    http.listen(port, host, () => {
      http.off('error', reject)
      resolve()
    })
  })
}

function closing(http: Server): () => Promise<void> {
  let closed: Promise<void> | undefined
  return () =>
    (closed ??= new Promise((resolve) => {
      http.close(() => resolve())
      http.closeAllConnections()
    }))
}

interface Exchange {
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
}

async function exchange(server: Listener, origin: string, { incoming, outgoing }: Exchange): Promise<void> {
  const gone = new AbortController()
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) gone.abort(new DOMException('The caller went away.', 'AbortError'))
  })
  try {
    const response = await server.fetch(requestOf(incoming, origin, gone.signal))
    await write(response, outgoing, gone.signal)
  } catch {
    incoming.socket.destroy()
  }
}

function requestOf(incoming: IncomingMessage, origin: string, signal: AbortSignal): Request {
  const headers = new Headers()
  for (let index = 0; index + 1 < incoming.rawHeaders.length; index += 2) {
    headers.append(incoming.rawHeaders[index] ?? '', incoming.rawHeaders[index + 1] ?? '')
  }
  const method = incoming.method ?? 'GET'
  const bodiless = method === 'GET' || method === 'HEAD'
  const host = incoming.headers.host
  // Of whatever was asked for, the path and the query only: an absolute target must not choose the host.
  const target = incoming.url?.startsWith('/') === true ? incoming.url : '/'
  const init: RequestInit & { duplex?: 'half' } = { method, headers, signal, redirect: 'manual' }
  if (!bodiless) Object.assign(init, { body: Readable.toWeb(incoming), duplex: 'half' })
  return new Request((host === undefined ? origin : `http://${host}`) + target, init)
}

async function write(response: Response, outgoing: ServerResponse, signal: AbortSignal): Promise<void> {
  for (const [name, value] of response.headers) if (name !== 'set-cookie') outgoing.setHeader(name, value)
  const cookies = response.headers.getSetCookie()
  if (cookies.length > 0) outgoing.setHeader('set-cookie', cookies)
  outgoing.writeHead(response.status)
  outgoing.flushHeaders()
  if (response.body === null) {
    outgoing.end()
    return
  }
  const reader = response.body.getReader()
  const cancel = (): void => void reader.cancel(signal.reason).catch(() => {})
  signal.addEventListener('abort', cancel)
  if (signal.aborted) cancel()
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    if (!outgoing.write(next.value)) await drained(outgoing)
  }
  outgoing.end()
}

/** Waits until more can be written, or nobody is there to write to. */
function drained(outgoing: ServerResponse): Promise<void> {
  if (outgoing.destroyed) return Promise.resolve()
  return new Promise((resolve) => {
    const go = (): void => {
      outgoing.off('drain', go)
      outgoing.off('close', go)
      resolve()
    }
    outgoing.once('drain', go)
    outgoing.once('close', go)
  })
}
