import { parseUrl } from '../core/endpoint.ts'
import { OAuthError } from '../errors.ts'
import { holds, ownOptions } from './own-options.ts'

/** A request to an API that the token may travel with. */
export interface ApiRequest {
  /** An absolute URL, or a `Request` of our own making. */
  readonly input: string | Request
  readonly init: RequestInit | undefined
}

/**
 * Reads what a caller of `fetch` wrote, and refuses what the token must not travel with.
 *
 * What is checked is what will be sent: a URL object may change while a token is waited for, and a
 * page's `<base>` decides where a relative URL leads.
 *
 * Errors: `origin_not_allowed`; a `TypeError` for what `fetch` would not take.
 */
export function apiRequest(
  origins: ReadonlySet<string>,
  input: string | URL | Request,
  init: RequestInit | null | undefined,
): ApiRequest {
  const own = init === undefined || init === null ? undefined : readInit(init)
  if (typeof input === 'string' && isWithin(origins, input)) return { input, init: own }
  const read = readInput(input)
  checkUrl(origins, typeof read === 'string' ? read : read.url)
  return { input: read, init: own }
}

/** The same request to another address, which was checked. */
export function readdressed({ input, init }: ApiRequest, target: URL): ApiRequest {
  return { input: typeof input === 'string' ? target.href : new Request(target.href, input), init }
}

/**
 * Whether `url` visibly begins with an allowed origin and a path. Only a slash ends a host for certain:
 * `https://api.example@evil.example` begins with the same letters.
 */
export function isWithin(origins: ReadonlySet<string>, url: string): boolean {
  for (const origin of origins) if (url.startsWith(origin) && url[origin.length] === '/') return true
  return false
}

function readInit(init: RequestInit): RequestInit {
  // What a Request says stands on its prototype.
  if (!holds(() => init instanceof Request)) return ownOptions('client.fetch', init)
  const { method, headers, body, signal, redirect } = init as Request
  return { method, headers, signal, redirect, ...(body !== null && { body, duplex: 'half' }) }
}

function readInput(input: string | URL | Request): string | Request {
  if (typeof input === 'string') return absolute(input)
  try {
    if (input instanceof URL) return input.href
    // Whatever else claims to be a request: only what the platform makes of it is looked at.
    if (typeof input === 'object' && input !== null && !input.bodyUsed) return new Request(input)
  } catch {
    throw new TypeError('client.fetch cannot use this Request: it was used before, or is none.')
  }
  throw new TypeError('client.fetch takes a string, a URL or a Request.')
}

function absolute(input: string): string {
  const { document, location } = globalThis as {
    readonly document?: { readonly baseURI?: string }
    readonly location?: { readonly href?: string }
  }
  const page = document?.baseURI ?? location?.href
  const url = parseUrl(input, page === undefined ? undefined : parseUrl(page))
  if (url === undefined) throw new TypeError('client.fetch needs an absolute URL.')
  return url.href
}

function checkUrl(origins: ReadonlySet<string>, href: string): void {
  const url = new URL(href)
  if (url.username !== '' || url.password !== '') {
    throw new TypeError('client.fetch takes no URL with a user name or a password.')
  }
  if (!isWithin(origins, url.href)) throw new OAuthError('origin_not_allowed', { origin: url.origin })
}

/** What a request says of itself: its `init` has the last word. */
export function told<Name extends 'method' | 'headers' | 'signal' | 'redirect'>(
  { input, init }: ApiRequest,
  name: Name,
): RequestInit[Name] | Request[Name] | undefined {
  return init?.[name] ?? (typeof input === 'string' ? undefined : input[name])
}

export function urlOf({ input }: ApiRequest): URL {
  return new URL(typeof input === 'string' ? input : input.url)
}

export function methodOf(request: ApiRequest): string {
  return told(request, 'method')?.toUpperCase() ?? 'GET'
}

/** Whether a request can be made again: a stream can be read only once. */
export function isRepeatable(request: ApiRequest): boolean {
  const { input, init } = request
  const body = init?.body ?? undefined
  if (body === undefined) return typeof input === 'string' || isSafe(request) || input.body === null
  const kinds = [URLSearchParams, ArrayBuffer, Blob, FormData]
  return typeof body === 'string' || ArrayBuffer.isView(body) || holds(() => kinds.some((kind) => body instanceof kind))
}

/** Whether a request only asks (RFC 9110 §9.2.1). */
export function isSafe(request: ApiRequest): boolean {
  return ['GET', 'HEAD'].includes(methodOf(request))
}
