import { csrfHeader } from './forgery.ts'
import type { Common, CommonHeaders } from './proxy-headers.ts'

/**
 * What every answer says: it is for one person, now, and for nobody else to keep; and what lets scripts of a
 * listed origin read it, with the headers that the proxy lets come down. Nothing for any other: their browser keeps
 * it from them.
 *
 * @see {@link https://fetch.spec.whatwg.org/#http-cors-protocol Fetch, CORS protocol}
 */
export function commonHeaders(allowedOrigins: ReadonlySet<string>, exposed: ReadonlySet<string>): Common {
  const forAll: CommonHeaders = {
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    vary: 'Cookie, Origin',
    'x-content-type-options': 'nosniff',
  }
  // Most servers list nobody: then it does not matter who asks.
  if (allowedOrigins.size === 0) return () => forAll
  const forListed = new Map(
    [...allowedOrigins].map((origin) => [
      origin,
      {
        ...forAll,
        'access-control-allow-origin': origin,
        'access-control-allow-credentials': 'true',
        'access-control-expose-headers': [...exposed].join(', '),
      },
    ]),
  )
  return ({ headers }) => forListed.get(headers.get('origin') ?? '') ?? forAll
}

/** Whether a browser asks, before it sends a script's request, if it may. */
export function isPreflight({ method, headers }: Pick<Request, 'method' | 'headers'>): boolean {
  return method === 'OPTIONS' && headers.has('origin') && headers.has('access-control-request-method')
}

/** What a script of a listed origin may send. Which methods and headers count is decided when it does. */
export function preflightHeaders({ headers }: Pick<Request, 'headers'>): Headers {
  const asked = headers.get('access-control-request-headers') ?? ''
  const names = asked.split(',').map((name) => name.trim().toLowerCase())
  const allowed = new Set([
    csrfHeader,
    'content-type',
    ...names.filter((name) => /^[\w!#$%&'*+.^`|~-]{1,64}$/.test(name)),
  ])
  return new Headers({
    'access-control-allow-methods': methodOf(headers.get('access-control-request-method') ?? ''),
    'access-control-allow-headers': [...allowed].slice(0, 64).join(', '),
    'access-control-max-age': '600',
  })
}

function methodOf(asked: string): string {
  return /^[A-Z]{1,20}$/.test(asked) ? asked : 'GET'
}
