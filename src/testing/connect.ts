import type { Fetch } from '../contracts.ts'

/** A server to be reached: an {@link AuthorizationServer}, or anything else that answers requests. */
export interface Reachable {
  /** Answers one request. */
  readonly fetch: Fetch
}

const mostRedirects = 20

/**
 * Gives a `fetch` that reaches these servers and nothing else: a closed internet for a test.
 *
 * Unlike a server's own `fetch` it behaves as the real one does: it follows redirects unless
 * the request says otherwise (`redirect: 'error'` rejects, `'manual'` gives the answer as it is), drops
 * `Authorization` when a redirect leaves the origin, and rejects with a `TypeError` where nobody is.
 * So a test sees whether a client let itself be sent away.
 *
 * @example
 * ```ts
 * const honest = createAuthorizationServer()
 * const evil = createAuthorizationServer({ issuer: 'https://evil.example' })
 * const fetch = connect({ [honest.issuer]: honest, 'https://evil.example': evil })
 * honest.faults.next('token', { redirect: `${evil.issuer}/token`, status: 307 })
 * // … refresh …
 * expect(evil.history.entries).toEqual([])
 * ```
 */
export function connect(servers: Readonly<Record<string, Reachable>>): Fetch {
  const reachable = new Map(Object.entries(servers).map(([url, server]) => [new URL(url).origin, server] as const))
  return async (input, init) => {
    let request = new Request(input, init)
    for (let redirects = 0; redirects <= mostRedirects; redirects += 1) {
      const server = reachable.get(new URL(request.url).origin)
      if (server === undefined) throw new TypeError('Nobody is there.')
      const replay = request.clone()
      const response = await server.fetch(request)
      const location = isRedirect(response) ? response.headers.get('location') : null
      if (location === null || request.redirect === 'manual') return response
      if (request.redirect === 'error') throw new TypeError('A redirect was not expected.')
      request = await redirected(replay, response.status, new URL(location, request.url))
    }
    throw new TypeError('There are too many redirects.')
  }
}

function isRedirect({ status }: Response): boolean {
  return [301, 302, 303, 307, 308].includes(status)
}

/** What a browser sends on: Fetch Standard, HTTP-redirect fetch. */
async function redirected(request: Request, status: number, url: URL): Promise<Request> {
  const { method, signal } = request
  const toGet = status === 303 ? method !== 'HEAD' : status < 303 && method === 'POST'
  const headers = new Headers(request.headers)
  if (url.origin !== new URL(request.url).origin) headers.delete('authorization')
  if (toGet) for (const name of ['content-type', 'content-length']) headers.delete(name)
  const bodiless = toGet || method === 'GET' || method === 'HEAD'
  return new Request(url, {
    method: toGet ? 'GET' : method,
    headers,
    signal,
    redirect: 'follow',
    ...(!bodiless && { body: await request.arrayBuffer() }),
  })
}
