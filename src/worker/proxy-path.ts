import { parseUrl } from '../core/index.ts'

/** Where a request points, as far as a proxy is concerned. */
export interface Target {
  readonly path: string
  /** The query with its question mark, or nothing. */
  readonly search: string
  /** Whether everybody who reads `path` reads the same. */
  readonly canonical: boolean
  /** Whether no parser could change anything about `path` and `search`. */
  readonly plain: boolean
}

/** An address that the platform would give back as it is: such a one need not be parsed to be known. */
const plainUrl = /^https?:\/\/[a-z\d.-]+(?::\d+)?((?:\/[\w-][\w.-]*)+)(\?[\w\-.~!$&()*+,;=:@/?%]*)?$/

/**
 * Reads the URL of a request. Some runtimes normalise it before we see it, and some leave that to us.
 * What cannot be read has no path.
 */
export function canonicalTarget(href: string): Target {
  const [, path, search = ''] = href.length > longest ? [] : (plainUrl.exec(href) ?? [])
  // A lone question mark is no query.
  if (path !== undefined) return { path, search: search === '?' ? '' : search, canonical: true, plain: true }
  return parsedTarget(href)
}

function parsedTarget(href: string): Target {
  const url = parseUrl(href)
  if (url === undefined) return { path: '', search: '', canonical: false, plain: false }
  const { pathname, search } = url
  const written = /^[a-z][a-z\d+.-]*:\/\/[^/?#\\]*([^?#]*)/i.exec(href)?.[1] ?? ''
  const asWritten = (written === '' ? '/' : written) === pathname && !href.includes('#')
  return { path: pathname, search, canonical: asWritten && isCanonicalPath(pathname), plain: false }
}

/**
 * Whether a path has one reading only: segments of plain characters and of percent-encoded ones that
 * must be encoded, no empty segment but the last, and nothing that structures a path in disguise.
 */
export function isCanonicalPath(path: string): boolean {
  if (path.length > longest || !path.startsWith('/')) return false
  const segments = path.slice(1).split('/')
  return segments.every((segment, index) => isPlain(segment) || (segment === '' && index === segments.length - 1))
}

/** Longer paths are cut off somewhere, and then are others. In characters. */
const longest = 4096

function isPlain(segment: string): boolean {
  if (/^[\w-]+$/.test(segment)) return true
  if (!/^(?:[\w\-.~!$&'()*+,=:@]|%[\dA-F]{2})+$/i.test(segment)) return false
  // Letters, digits and -._~ mean the same encoded (RFC 3986 §2.3), but not everybody knows.
  if (/%(?:2[DE]|3\d|4[1-9A-F]|5[\dAF]|6[1-9A-F]|7[\dAE])/i.test(segment)) return false
  const text = decoded(segment)
  return text !== undefined && !ambiguous.test(text.normalize('NFKC'))
}

/** What ends a segment or its name for somebody, or is dropped by somebody; and segments of dots only. */
const ambiguous = /[\p{Cc}\p{Cf}\p{Cs}/\\%;?#]|^\s|\s$|^\.+$/u

/** No text where the bytes are not UTF-8 in its shortest form. */
function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}

/** What a pattern is that is none, in words; else nothing. */
export function patternDefect(pattern: string): string | undefined {
  const body = pattern.endsWith('/**') ? pattern.slice(0, -3) : pattern
  if (!pattern.startsWith('/')) return 'must begin with a slash'
  if (body !== '' && !isCanonicalPath(body)) return 'has more than one reading'
  const stars = body.split('/').some((segment) => segment.split('*').length > 2)
  return stars ? 'has a segment with more than one *' : undefined
}

/** Reads a pattern without defects. */
export function pathPattern(pattern: string): RegExp {
  const deep = pattern.endsWith('/**')
  const body = deep ? pattern.slice(0, -3) : pattern
  const text = body.replace(/[.+?^$()[\]{}|\\]/g, '\\$&').replaceAll('*', '[^/]+')
  return new RegExp(`^${text}${deep ? '(?:/[^/]+)+' : ''}$`)
}
