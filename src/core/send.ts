import { OAuthError, untrustedText } from '../errors.ts'
import { readText } from './read-text.ts'
import { untilAborted, within } from './wait.ts'
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
  /** Begins the exchange, for somebody who may wait longer than the caller does. @default begins it for the caller */
  readonly carry?: Carry | undefined
}

/** Takes over an exchange, and what ends it. */
export type Carry = (begin: (signal: AbortSignal) => Promise<Response>) => Promise<Response>

/**
 * Sends one request to `endpoint` and gives its whole answer as `heard` does, bounded in time and size.
 *
 * Redirects are never followed: browsers, Node and workerd all re-send a POST body to wherever a 307
 * points. `manual` is the one mode that all of them offer.
 *
 * Errors: `network`, `timeout`, `aborted`, `unexpected_redirect`, `invalid_response`.
 */
export async function send(world: World, endpoint: string, url: string, init: SendInit): Promise<Response> {
  if (init.signal?.aborted === true) throw new OAuthError('aborted', {})
  const offline = isOffline()
  const limit = new AbortController()
  const { carry = (begin) => begin(limit.signal) } = init
  try {
    const work = carry((signal) => exchange(world, endpoint, url, { ...init, signal }))
    return await untilAborted(within(work, `the ${endpoint} endpoint`, world.timeout, world.clock), init.signal)
  } catch (error) {
    limit.abort()
    if (error instanceof OAuthError) throw error
    // Who has gone offline since may have been heard before.
    throw offline && isOffline() ? new OAuthError('network', { endpoint, sent: 'no' }) : networkError(endpoint, error)
  }
}

function isOffline(): boolean {
  return (globalThis.navigator as { readonly onLine?: boolean } | undefined)?.onLine === false
}

async function exchange(
  world: World,
  endpoint: string,
  url: string,
  init: SendInit & { readonly signal: AbortSignal },
): Promise<Response> {
  const { method, headers, body, signal } = init
  // Browsers and Workers refuse their own `fetch` when it is called as somebody's method.
  const { fetch } = world
  const response = await fetch(url, {
    method,
    ...manners(headers),
    ...sentOnce(body),
    redirect: 'manual',
    signal,
  })
  const { status } = response
  const redirected = status >= 300 && status < 400
  if (redirected || response.type === 'opaqueredirect' || response.redirected) {
    void response.body?.cancel().catch(() => undefined)
    throw new OAuthError('unexpected_redirect', { endpoint, ...(redirected && { status }) })
  }
  const text = await readText(response, maxBody, signal)
  const reason = defect(text)
  if (reason !== undefined) throw new OAuthError('invalid_response', { endpoint, reason, status })
  return heard({ status, headers: response.headers }, text ?? '')
}

/**
 * An answer whose text has been read, and may be asked for as often as anybody likes. A body made of it
 * again would have to be read again, which takes longer than all that is done with it.
 */
export function heard({ status, headers }: Pick<Response, 'status' | 'headers'>, text: string): Response {
  return Object.assign(new Response(null, { status, headers }), {
    text: async () => text,
    json: async () => JSON.parse(text) as unknown,
  })
}

/** What makes a text nothing to read on. */
function defect(text: string | undefined): string | undefined {
  if (text === undefined) return 'it is too large.'
  return /^\s*[[{]/.test(text) && nesting(text) > maxDepth ? 'it is nested too deeply.' : undefined
}

/** Whether this is a browser, which names itself: a header of ours would only cost a preflight. */
export function inBrowser(): boolean {
  const agent = globalThis.navigator as { readonly userAgent?: string } | undefined
  return agent?.userAgent?.startsWith('Mozilla/') === true
}

/** Names us, and keeps a browser from adding what is not ours; workerd throws at the rest. */
function manners(headers: SendInit['headers']): RequestInit {
  if (!inBrowser()) return { headers: { ...headers, 'user-agent': 'latchkey' } }
  const { 'user-agent': _, ...rest } = headers
  return { headers: rest, ...discreet }
}

/** What browsers shall leave out of a request. */
export const discreet = { cache: 'no-store', credentials: 'omit', referrerPolicy: 'no-referrer' } as const

/**
 * Deno sends a POST again by itself when the connection breaks before an answer: a refresh token would
 * be shown twice without anyone's knowing. A stream it can send only once.
 */
function sentOnce(body: SendInit['body']): RequestInit & { readonly duplex?: 'half' } {
  if (body === undefined) return {}
  return 'Deno' in globalThis ? { body: new Blob([body.toString()]).stream(), duplex: 'half' } : { body }
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

/**
 * What a failed `fetch` means. The native error is not kept as the cause: a custom `fetch` may have
 * put the request, and with it a token, into it. Given the secrets that it may repeat, its text is kept.
 *
 * @example
 * ```ts
 * const response = await fetch(url).catch((error) => {
 *   throw networkError('api', error)
 * })
 * ```
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

const connectFailures =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ECONNECT|UND_ERR_CONNECT_TIMEOUT|ConnectionRefused|FailedToOpenSocket)$/

/** Whether no byte of the request can have reached the server, so that nothing was used up. */
function neverLeft(reason: string | undefined): boolean {
  return reason !== undefined && connectFailures.test(reason)
}
