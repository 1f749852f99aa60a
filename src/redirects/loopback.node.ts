import type { IncomingMessage, Server } from 'node:http'
import { clearTimeout, setTimeout } from 'node:timers'
import { OAuthError } from '../errors.ts'
import { bindLoopback } from './bind-loopback.node.ts'
import type { LoopbackHost } from './bind-loopback.node.ts'
import type { CallbackOutcome, CallbackTexts } from './callback-page.node.ts'
import { heldResponses, sendPage } from './held-responses.node.ts'
import { judgeCallback } from './judge-callback.ts'
import type { CallbackVerdict } from './judge-callback.ts'
import { loopbackSockets } from './loopback-sockets.node.ts'

/** Which callback to wait for, and where. One of `state` and `accept` is required. */
export interface CallbackServerOptions {
  /** The path of the redirect URI, for example `/callback`. */
  readonly path: string
  /** The host of the redirect URI. `localhost` only where the server knows no other. @default '127.0.0.1' */
  readonly host?: LoopbackHost
  /** The ports to try, in this order; 0 is any free one. @default [0] */
  readonly ports?: readonly number[]
  /** The `state` of the sign-in. */
  readonly state?: string
  /** Whether a callback belongs to the sign-in, where its `state` is not known yet. Must not throw. */
  readonly accept?: (callback: URL) => boolean
  /** The longest wait for the callback, in milliseconds. @default 300_000 */
  readonly timeout?: number
  /** How long the person's browser waits for `respond`, in milliseconds. @default 10_000 */
  readonly hold?: number
  readonly signal?: AbortSignal
  /** Words of your own for the pages. */
  readonly page?: CallbackTexts
}

/** A port of this machine that waits for one callback. */
export interface CallbackServer {
  /** What to register the sign-in with, exactly. */
  readonly redirectUri: string
  readonly port: number
  /** The callback, once it came. Rejects with `timeout` or `aborted`; `close` without a callback is `aborted` too. */
  readonly callback: Promise<URL>
  /** Tells the person how it went, and closes. */
  respond(outcome: 'signed-in' | 'failed'): Promise<void>
  /** Frees the port. A browser that still waits is told to look at the program. May be called twice. */
  close(): Promise<void>
}

const mostConnections = 64
const flushTimeout = 1_000
const longestTimer = 2 ** 31 - 1
const limits = {
  maxHeaderSize: 16_384,
  headersTimeout: 5_000,
  requestTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
}

/**
 * Waits on a loopback port for the callback of one sign-in.
 *
 * The browser's request is answered when `respond` is called, so that the page it shows is true; after
 * `hold` milliseconds without that, it is told to look at the program. Until then the port stays open
 * for a reload. Whatever is not the awaited callback is answered with an error page, and changes nothing.
 *
 * The open port keeps the process alive; after the answer, an abort, a timeout or `close`, nothing does.
 *
 * Errors: `port_in_use`, `aborted`, `unsupported`; a `TypeError` for options that cannot be.
 *
 * @example
 * ```ts
 * const server = await startCallbackServer({ path: '/callback', accept: (url) => url.searchParams.get('state') === state })
 * const { url, state } = await client.start({ redirectUri: server.redirectUri })
 * await openBrowser(url)
 * await client.finish(await server.callback)
 * await server.respond('signed-in')
 * ```
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8252#section-7.3 RFC 8252, section 7.3}
 */
export async function startCallbackServer(options: CallbackServerOptions): Promise<CallbackServer> {
  const { host = '127.0.0.1', ports = [0], path, timeout = 300_000, hold = 10_000, signal, page } = options
  check({ ...options, ports }, { timeout, hold })
  if (signal?.aborted) throw new OAuthError('aborted', {})
  const expected: Expected = {
    accept: options.accept ?? ((callback) => callback.searchParams.get('state') === options.state),
  }
  const arrival = deferred<URL>()
  const held = heldResponses(page)
  const sockets = loopbackSockets(mostConnections)

  // Most programs that can sign somebody in find a good token instead, and never need a server.
  const { createServer } = await import('node:http')
  const bound = await bindLoopback(host, ports, () =>
    sockets.watch(
      createServer(limits, (request, response) => {
        const verdict = judge(request, expected)
        if ('status' in verdict) return void sendPage(response, { ...verdict, outcome: 'unexpected', texts: page })
        sockets.keep(request.socket)
        held.add(response)
        arrival.resolve(verdict.url)
        later(hold, () => close('received'))
      }),
    ),
  )
  expected.redirectUri = new URL(`http://${host === '::1' ? '[::1]' : host}:${bound.port}${path}`)

  const fail = (error: OAuthError): void => {
    arrival.reject(error)
    void close('received')
  }
  const abort = (): void => fail(new OAuthError('aborted', {}))
  const stop = later(timeout, () => fail(new OAuthError('timeout', { what: 'the callback', after: timeout })))
  const close = once((outcome: CallbackOutcome) => {
    stop()
    signal?.removeEventListener('abort', abort)
    arrival.reject(new OAuthError('aborted', {}))
    return shut(bound.servers, held.answer(outcome))
  })
  signal?.addEventListener('abort', abort)
  if (signal?.aborted) abort()

  const { href: redirectUri } = expected.redirectUri
  return { redirectUri, port: bound.port, callback: arrival.promise, respond: close, close: () => close('received') }
}

function check(options: CallbackServerOptions, times: { readonly timeout: number; readonly hold: number }): void {
  const { path, ports, state, accept } = options
  if (!/^\/[^?#\s]*$/.test(path)) throw new TypeError('path must begin with / and hold neither query nor fragment')
  if (!ports?.length || !ports.every(isPort)) throw new TypeError('ports must be numbers from 0 to 65535, at least one')
  for (const [name, ms] of Object.entries(times)) {
    if (!(ms > 0 && ms <= longestTimer)) throw new TypeError(`${name} must be more than 0 and at most ${longestTimer}`)
  }
  if (!state === !accept) throw new TypeError('one of state and accept is required')
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 0 && port <= 65_535
}

interface Expected {
  readonly accept: (callback: URL) => boolean
  /** Known once the port is. */
  redirectUri?: URL
}

function judge(request: IncomingMessage, { redirectUri, accept }: Expected): CallbackVerdict {
  if (redirectUri === undefined) return { status: 404 }
  const { method = '', url: target = '', headers } = request
  return judgeCallback({ method, target, headers }, redirectUri, accept)
}

/** Stops listening at once, lets the answers leave, and ends every connection. */
async function shut(servers: readonly Server[], answers: Promise<void>): Promise<void> {
  const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)))
  await Promise.race([answers, sleep(flushTimeout)])
  for (const server of servers) server.closeAllConnections()
  await Promise.race([Promise.all(closed), sleep(flushTimeout)])
}

/** Calls `task` in `ms` milliseconds, unless the process or the caller ends that before. */
function later(ms: number, task: () => unknown): () => void {
  const timer = setTimeout(task, ms).unref()
  return () => clearTimeout(timer)
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => later(ms, resolve))
}

/** The first call's outcome, for every later call too. */
function once<Argument, Result>(task: (argument: Argument) => Result): (argument: Argument) => Result {
  let done: { readonly result: Result } | undefined
  return (argument) => (done ??= { result: task(argument) }).result
}

interface Deferred<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (error: OAuthError) => void
}

function deferred<T>(): Deferred<T> {
  let settle: Omit<Deferred<T>, 'promise'> | undefined
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject }
  })
  // A caller that never looks at the promise must not be ended by its rejection.
  promise.catch(() => undefined)
  return { promise, resolve: (value) => settle?.resolve(value), reject: (error) => settle?.reject(error) }
}
