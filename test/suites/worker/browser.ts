import type { OpenedWorkerHandler } from '../../../src/worker/worker-handler.ts'

/** What a browser got. Made of the handler's answer, since pages may not see some headers of a `Response`. */
export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly location: URL | undefined
  readonly setCookies: readonly string[]
  text(): Promise<string>
  json(): Promise<Record<string, unknown>>
  readonly body: ReadableStream<Uint8Array> | undefined
}

export interface Ask {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal?: AbortSignal
}

interface Kept {
  readonly value: string
  readonly sameSite: string
  readonly until: number
}

/** A person's browser: it keeps cookies by the rules, and says where its requests come from. */
export interface Browser {
  readonly jar: Map<string, Kept>
  /** A person opens an address: typed, by a link of the same origin, or by one of another site. */
  go(target: string | URL, from?: 'own' | 'other' | 'typed'): Promise<Reply>
  /** A script of the application's asks. */
  script(path: string, ask?: Ask): Promise<Reply>
  /** Any request, with all cookies and nothing else. */
  send(target: string | URL, ask?: Ask): Promise<Reply>
}

export interface BrowserParts {
  readonly origin: string
  readonly now: () => number
  readonly handler: OpenedWorkerHandler
  /** Sees each request on its way. */
  readonly onReply?: (reply: Reply) => void
}

export function openBrowser(parts: BrowserParts): Browser {
  const { origin, now } = parts
  const jar = new Map<string, Kept>()

  function cookies(crossSite: boolean): Record<string, string> {
    const sent = [...jar].filter(([, { sameSite, until }]) => until > now() && !(crossSite && sameSite === 'Strict'))
    return sent.length === 0 ? {} : { cookie: sent.map(([name, { value }]) => `${name}=${value}`).join('; ') }
  }

  function keep(reply: Reply): void {
    for (const line of reply.setCookies) {
      const [pair = '', ...attributes] = line.split('; ')
      const name = pair.slice(0, pair.indexOf('='))
      const has = (attribute: string): boolean => attributes.includes(attribute)
      if (!has('HttpOnly') || !has('Path=/') || attributes.some((one) => one.startsWith('Domain')))
        throw new Error(line)
      if (origin.startsWith('https:') !== (has('Secure') && name.startsWith('__Host-'))) throw new Error(line)
      if (line.length > 4096) throw new Error('The cookie is too long.')
      const maxAge = Number(/Max-Age=(\d+)/.exec(line)?.[1])
      const sameSite = /SameSite=(\w+)/.exec(line)?.[1] ?? 'Lax'
      if (maxAge === 0) jar.delete(name)
      else jar.set(name, { value: pair.slice(pair.indexOf('=') + 1), sameSite, until: now() + maxAge * 1000 })
    }
  }

  async function ask(target: string | URL, { method = 'GET', headers = {}, body, signal }: Ask): Promise<Reply> {
    const request = makeRequest(new URL(target, origin).href, { method, headers, body, signal })
    const reply = toReply(await parts.handler.answer(request))
    keep(reply)
    parts.onReply?.(reply)
    return reply
  }

  return {
    jar,
    go(target, from = 'own') {
      const site = { own: 'same-origin', other: 'cross-site', typed: 'none' }[from]
      const fetched = { 'sec-fetch-site': site, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
      const headers = { accept: 'text/html,application/xhtml+xml', ...fetched, ...cookies(from === 'other') }
      return ask(target, { headers })
    },
    script(path, { method = 'GET', headers = {}, ...rest } = {}) {
      const fetched = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }
      const from = method === 'GET' ? {} : { origin }
      const own = { accept: '*/*', 'latchkey-csrf': '1', ...fetched, ...from, ...cookies(false) }
      return ask(path, { method, headers: { ...own, ...headers }, ...rest })
    },
    send: (target, { headers, ...rest } = {}) => ask(target, { headers: { ...cookies(false), ...headers }, ...rest }),
  }
}

interface RequestParts {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  readonly signal: AbortSignal | undefined
}

/** A request as a server sees it: pages may not make one with a cookie, so there its headers are put in. */
export function makeRequest(url: string, { method, headers, body, signal }: RequestParts): Request {
  // workerd makes no request with a method that it does not know.
  const unknown = !/^[A-Z]+$/.test(method)
  const init = {
    method: unknown ? 'GET' : method,
    ...(body !== undefined && { body }),
    ...(signal !== undefined && { signal }),
  }
  const request = new Request(url, { ...init, headers })
  if (unknown) Object.defineProperty(request, 'method', { value: method })
  const whole = Object.entries(headers).every(([name, value]) => request.headers.get(name) === value)
  if (!whole) Object.defineProperty(request, 'headers', { value: new Headers(headers) })
  if (body !== undefined && !request.body) Object.defineProperty(request, 'body', { value: new Response(body).body })
  return request
}

type Answered = Awaited<ReturnType<OpenedWorkerHandler['answer']>>

export function toReply(answered: Answered): Reply {
  const { status, headers, body } = answered
  const location = headers.get('location')
  let text: Promise<string> | undefined
  const read = (): Promise<string> => (text ??= new Response(body ?? null).text())
  return {
    status,
    headers,
    location: location === null ? undefined : new URL(location),
    setCookies: headers.getSetCookie(),
    text: read,
    json: async () => JSON.parse(await read()) as Record<string, unknown>,
    body: typeof body === 'object' && body !== null ? body : undefined,
  }
}
