import type { Clock } from '../contracts.ts'
import { OAuthError, untrustedText } from '../errors.ts'
import type { World } from './world.ts'

/** The most that any answer of a server may weigh, in bytes. */
const maxBody = 1024 * 1024

/** The deepest nesting that an answer may have; the deepest known real one is 6. */
const maxDepth = 64

/** What a request says. Only what every runtime's `fetch` understands: workerd throws at the rest. */
export interface SendInit {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | URLSearchParams
  readonly signal?: AbortSignal | undefined
}

/**
 * Sends one request to `endpoint` and gives its whole answer, bounded in time and size.
 *
 * Redirects are never followed: browsers, Node and workerd all re-send a POST body to wherever a 307
 * points. `manual` is the one mode that all of them offer.
 *
 * Errors: `network`, `timeout`, `aborted`, `unexpected_redirect`, `invalid_response`.
 */
export async function send(world: World, endpoint: string, url: string, init: SendInit): Promise<Response> {
  const limit = new AbortController()
  const caller = init.signal
  const onAbort = (): void => limit.abort(new OAuthError('aborted', {}))
  if (caller?.aborted === true) throw new OAuthError('aborted', {})
  caller?.addEventListener('abort', onAbort, { once: true })
  const stopClock = startClock(world.clock, world.timeout, () =>
    limit.abort(new OAuthError('timeout', { what: `the ${endpoint} endpoint`, after: world.timeout })),
  )
  try {
    const response = await untilAborted(
      world.fetch(url, {
        method: init.method,
        ...manners(init.headers),
        ...sentOnce(init.body),
        redirect: 'manual',
        signal: limit.signal,
      }),
      limit.signal,
    )
    refuseRedirect(endpoint, response)
    return await buffered(endpoint, response, limit.signal)
  } catch (error) {
    throw requestError(endpoint, error, limit.signal)
  } finally {
    stopClock()
    caller?.removeEventListener('abort', onAbort)
  }
}

/**
 * Names us, and keeps a browser from adding what is not ours. Browsers name themselves, and a header
 * of ours would only cost a preflight; the rest workerd throws at.
 */
function manners(headers: SendInit['headers']): RequestInit {
  const agent = globalThis.navigator as { readonly userAgent?: string } | undefined
  if (agent?.userAgent?.startsWith('Mozilla/') !== true) return { headers: { ...headers, 'user-agent': 'latchkey' } }
  const { 'user-agent': _, ...rest } = headers
  return { headers: rest, cache: 'no-store', credentials: 'omit', referrerPolicy: 'no-referrer' }
}

/**
 * Deno sends a POST again by itself when the connection breaks before an answer: a refresh token would
 * be shown twice without anyone's knowing. A stream it can send only once.
 */
function sentOnce(body: SendInit['body']): RequestInit & { readonly duplex?: 'half' } {
  if (body === undefined || !('Deno' in globalThis)) return body === undefined ? {} : { body }
  const bytes = new TextEncoder().encode(body.toString())
  const stream = new ReadableStream({
    start(controller) {
      controller.enqueue(bytes)
      controller.close()
    },
  })
  return { body: stream, duplex: 'half' }
}

function startClock(clock: Clock, ms: number, onEnd: () => void): () => void {
  const stop = new AbortController()
  void clock.sleep(ms, stop.signal).then(() => {
    if (!stop.signal.aborted) onEnd()
  })
  return () => stop.abort()
}

/** Settles with `work`, or rejects when `signal` aborts, even if `work` does not heed it. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason)
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

function refuseRedirect(endpoint: string, response: Response): void {
  const redirected = response.status >= 300 && response.status < 400
  if (!redirected && response.type !== 'opaqueredirect' && !response.redirected) return
  void response.body?.cancel().catch(() => undefined)
  throw new OAuthError('unexpected_redirect', { endpoint, ...(redirected && { status: response.status }) })
}

async function buffered(endpoint: string, response: Response, signal: AbortSignal): Promise<Response> {
  const text = response.body === null ? '' : await readText(endpoint, response, response.body, signal)
  if (/^\s*[[{]/.test(text) && nesting(text) > maxDepth) {
    throw new OAuthError('invalid_response', { endpoint, reason: 'it is nested too deeply.', status: response.status })
  }
  const empty = response.status === 204 || response.status === 205
  return new Response(empty ? null : text, { status: response.status, headers: response.headers })
}

async function readText(
  endpoint: string,
  response: Response,
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): Promise<string> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let text = ''
  let size = 0
  try {
    for (;;) {
      const { done, value } = await untilAborted(reader.read(), signal)
      if (done) return text + decoder.decode()
      size += value.byteLength
      if (size > maxBody) {
        throw new OAuthError('invalid_response', { endpoint, reason: 'it is too large.', status: response.status })
      }
      text += decoder.decode(value, { stream: true })
    }
  } catch (error) {
    void reader.cancel().catch(() => undefined)
    throw error
  }
}

/** How deep `text` nests, were it JSON. Counted before parsing, because parsers and printers recurse. */
function nesting(text: string): number {
  let depth = 0
  let deepest = 0
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    const character = text[i]
    if (quoted) {
      if (character === '\\') i++
      else if (character === '"') quoted = false
    } else if (character === '"') quoted = true
    else if (character === '{' || character === '[') deepest = Math.max(deepest, ++depth)
    else if (character === '}' || character === ']') depth--
  }
  return deepest
}

function requestError(endpoint: string, error: unknown, signal: AbortSignal): OAuthError {
  if (error instanceof OAuthError) return error
  if (signal.aborted && signal.reason instanceof OAuthError) return signal.reason
  return networkError(endpoint, error)
}

/**
 * What a failed `fetch` means. The native error is not kept as the cause: a custom `fetch` may have
 * put the request, and with it a token, into it. Given the secrets that it may repeat, its text is kept.
 */
export function networkError(endpoint: string, error: unknown, secrets?: readonly string[]): OAuthError {
  const code = nativeCode(error)
  const text = secrets === undefined ? undefined : untrustedText((error as Error | undefined)?.message, secrets)
  const reason = code ?? text
  return new OAuthError('network', { endpoint, sent: neverLeft(code) ? 'no' : 'maybe', ...(reason && { reason }) })
}

/** The code that Node, Deno and Bun give a failed connection, such as `ECONNREFUSED`. */
function nativeCode(error: unknown, depth = 0): string | undefined {
  if (typeof error !== 'object' || error === null || depth > 4) return undefined
  const { code, cause, message, errors } = error as {
    code?: unknown
    cause?: unknown
    message?: unknown
    errors?: unknown
  }
  if (typeof code === 'string' && /^[A-Za-z][A-Za-z0-9_]{2,39}$/.test(code)) return code
  const inner = nativeCode(cause, depth + 1) ?? (Array.isArray(errors) ? nativeCode(errors[0], depth + 1) : undefined)
  if (inner !== undefined) return inner
  // Deno gives a sentence only.
  if (typeof message === 'string' && /client error \(Connect\)|dns error/.test(message)) return 'ECONNECT'
  return undefined
}

const connectFailures = [
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ECONNECT',
  'UND_ERR_CONNECT_TIMEOUT',
  'ConnectionRefused',
  'FailedToOpenSocket',
]

/** Whether no byte of the request can have reached the server, so that nothing was used up. */
function neverLeft(reason: string | undefined): boolean {
  if (reason !== undefined && connectFailures.includes(reason)) return true
  return (globalThis.navigator as { readonly onLine?: boolean } | undefined)?.onLine === false
}
