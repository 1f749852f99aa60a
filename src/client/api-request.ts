import { parseUrl } from '../core/index.ts'
import { OAuthError } from '../errors.ts'

/** A request to an API, as the caller of `fetch` wrote it. */
export interface ApiRequest {
  readonly input: string | URL | Request
  readonly init: RequestInit | undefined
}

/**
 * Refuses a request that the token must not travel with.
 *
 * Errors: `origin_not_allowed`.
 */
export function checkOrigin(origins: ReadonlySet<string>, request: ApiRequest): void {
  if (typeof request.input === 'string' && plainlyAllowed(origins, request.input)) return
  const { origin } = urlOf(request)
  if (!origins.has(origin)) throw new OAuthError('origin_not_allowed', { origin })
}

/**
 * Whether `url` visibly begins with an allowed origin and a path, so that nothing need be parsed. Only
 * a slash ends a host for certain: `https://api.example@evil.example` begins with the same letters.
 */
function plainlyAllowed(origins: ReadonlySet<string>, url: string): boolean {
  for (const origin of origins) if (url.startsWith(origin) && url[origin.length] === '/') return true
  return false
}

/** Where a request goes. A relative URL is relative to the page. */
export function urlOf({ input }: ApiRequest): URL {
  if (input instanceof URL) return input
  const page = (globalThis as { readonly location?: { readonly href?: string } }).location?.href
  const url = parseUrl(typeof input === 'string' ? input : input.url, page === undefined ? undefined : parseUrl(page))
  if (url === undefined) throw new TypeError('client.fetch needs an absolute URL.')
  return url
}

export function methodOf({ input, init }: ApiRequest): string {
  return (init?.method ?? (input instanceof Request ? input.method : 'GET')).toUpperCase()
}

export function signalOf({ input, init }: ApiRequest): AbortSignal | undefined {
  return init?.signal ?? (input instanceof Request ? input.signal : undefined)
}

export function redirectOf({ input, init }: ApiRequest): RequestRedirect {
  return init?.redirect ?? (input instanceof Request ? input.redirect : 'follow')
}

/** Whether a request can be made again: a stream can be read only once. */
export function isRepeatable(request: ApiRequest): boolean {
  const { input, init } = request
  const body = init?.body ?? undefined
  if (body === undefined) return !(input instanceof Request) || isSafe(request) || input.body === null
  const kinds = [URLSearchParams, ArrayBuffer, Blob, FormData]
  return typeof body === 'string' || ArrayBuffer.isView(body) || kinds.some((kind) => body instanceof kind)
}

/** Whether a request only asks (RFC 9110 §9.2.1). */
export function isSafe(request: ApiRequest): boolean {
  return ['GET', 'HEAD'].includes(methodOf(request))
}
