import { parseUrl } from '../core/index.ts'

/** The longest address that a person is sent back to, in characters. It travels in a cookie. */
const longest = 1024

/**
 * The path to send a person to: `value`, if it is a path of `origin` outside of `basePath`; else `/`.
 *
 * Whoever can choose where a sign-in ends can make it end at a page of their own. What a browser, a
 * proxy or a router might read as another host is refused, however it is written.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9700#section-4.11.1 RFC 9700, section 4.11.1}
 */
export function returnTarget(value: unknown, { origin, basePath }: { origin: string; basePath: string }): string {
  if (typeof value !== 'string' || value.length > longest || !/^\/(?![/\\])/.test(value)) return '/'
  // Spaces and control characters are dropped by some parsers, and the rest becomes another address.
  if (/[\\\s\p{Cc}\p{Cf}\p{Cs}]/u.test(value)) return '/'
  const url = parseUrl(value, new URL(origin))
  if (url?.origin !== origin || isHostLike(url.pathname)) return '/'
  if (url.pathname === basePath || url.pathname.startsWith(`${basePath}/`)) return '/'
  return url.pathname + url.search + url.hash
}

/** A path that keeps in mind where to go back to. */
export function returning(path: string, returnTo: string): string {
  return returnTo === '/' ? path : `${path}?${new URLSearchParams({ returnTo })}`
}

/**
 * Dots are gone by now: `/.//evil.example` has become `//evil.example`. Slashes, backslashes, control
 * characters and percent signs that are written in percents are what they stand for to somebody behind us.
 */
function isHostLike(path: string): boolean {
  return path.startsWith('//') || /%(2f|5c|25|[01]|7f)/i.test(path) || !isDecodable(path)
}

function isDecodable(path: string): boolean {
  try {
    return decodeURIComponent(path) !== ''
  } catch {
    return false
  }
}
