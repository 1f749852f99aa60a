import { endpointUrl } from '../core/index.ts'
import { configError } from '../errors.ts'
import { isCanonicalPath, pathPattern, patternDefect, type Target } from './proxy-path.ts'
import { callerNames, checkNames, type HeaderLists, upstreamNames } from './proxy-headers.ts'
import type { ProxyRule } from './proxy.ts'

/** A rule that can be kept. */
export interface CheckedRule extends ProxyRule, HeaderLists {
  readonly origin: string
  readonly headers: { readonly set: Readonly<Record<string, string>> }
  /** Whether a path lies below `from`. */
  covers(path: string): boolean
  /** Whether a path that it covers is among `paths`. */
  allows(path: string): boolean
  /** Where a target that it allows lies upstream. */
  upstream(target: Target): string | undefined
}

/** Reads a rule, and copies it. Throws `config`. */
export function readRule(given: ProxyRule, index: number): CheckedRule {
  const name = `proxy[${index}]`
  const from = readFrom(given.from, `${name}.from`)
  const { origin, base } = readTo(given.to, `${name}.to`)
  const patterns = readPaths(given.paths, `${name}.paths`)
  const { request = [], response = [], set = {} } = given.headers ?? {}
  checkNames('request', [...request], `${name}.headers.request`)
  checkNames('response', [...response], `${name}.headers.response`)
  checkNames('set', Object.keys(set), `${name}.headers.set`)
  checkTimeout(given.timeout, `${name}.timeout`)
  const below = (path: string): string => path.slice(from.length)
  const prefix = `${from}/`
  return {
    ...given,
    methods: readMethods(given.methods, `${name}.methods`),
    headers: { set: readValues(set, `${name}.headers.set`) },
    origin,
    requestNames: upstreamNames(request),
    responseNames: callerNames(response),
    covers: (path) => path.startsWith(prefix) || path === from,
    allows(path) {
      const rest = below(path)
      return patterns.some((pattern) => pattern.test(rest))
    },
    upstream: ({ path, search, plain }) => {
      const href = origin + base + below(path) + search
      return plain || isAsWritten(href, origin, base + below(path)) ? href : undefined
    },
  }
}

/** Whether a URL leads where it seems to lead once the platform has read it. */
function isAsWritten(href: string, origin: string, path: string): boolean {
  const url = new URL(href)
  return url.href === href && url.origin === origin && url.pathname === path
}

function readFrom(from: string, name: string): string {
  const path = from.replace(/\/$/, '')
  if (from.startsWith('/') && (path === '' || isCanonicalPath(path))) return path
  throw configError(`${name} must be a path such as /api.`)
}

function readTo(to: string, name: string): { readonly origin: string; readonly base: string } {
  const url = endpointUrl(name, to, { allowInsecureLoopback: true })
  const base = url.pathname.replace(/\/$/, '')
  if (url.search === '' && !to.includes('?') && (base === '' || isCanonicalPath(base))) {
    return { origin: url.origin, base }
  }
  throw configError(`${name} must be an origin, and a plain path if there is one.`)
}

function readPaths(paths: readonly string[], name: string): readonly RegExp[] {
  if (!isTexts(paths)) throw configError(`${name} must list paths.`)
  return paths.map((pattern) => {
    const defect = patternDefect(pattern)
    if (defect !== undefined) throw configError(`${name}: ${pattern} ${defect}.`)
    return pathPattern(pattern)
  })
}

/** Methods that are about the connection, or show what was sent. Preflights are answered here. */
const refused = ['CONNECT', 'TRACE', 'TRACK', 'OPTIONS']

function readMethods(methods: readonly string[], name: string): readonly string[] {
  if (!isTexts(methods)) throw configError(`${name} must list methods.`)
  for (const method of methods) {
    if (!/^[A-Z]+$/.test(method) || refused.includes(method)) throw configError(`${name}: ${method} cannot be allowed.`)
  }
  return [...methods]
}

function checkTimeout(timeout: number | undefined, name: string): void {
  if (timeout === undefined || (timeout >= 1 && timeout <= 2 ** 31 - 1)) return
  throw configError(`${name} must be a number of milliseconds.`)
}

function readValues(set: Readonly<Record<string, string>>, name: string): Readonly<Record<string, string>> {
  for (const value of Object.values(set)) {
    // The value may be a key of the application's own.
    if (typeof value !== 'string' || !/^[\x20-\x7e]*$/.test(value))
      throw configError(`${name} must hold visible ASCII.`)
  }
  return Object.fromEntries(Object.entries(set).map(([header, value]) => [header.toLowerCase(), value]))
}

function isTexts(list: unknown): list is readonly string[] {
  return Array.isArray(list) && list.length > 0 && list.every((item) => typeof item === 'string')
}
