import { configError } from '../errors.ts'

/** Which way a header goes, and who writes it. */
type HeaderKind = 'request' | 'response' | 'set'

/** What of a caller's headers tells upstream about the request, and nothing about the caller. */
const requestNames = [
  'accept',
  'accept-language',
  'content-encoding',
  'content-language',
  'content-type',
  'idempotency-key',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'last-event-id',
  'range',
]

/** What of upstream's headers is about the answer, and nothing about who may see it and how long. */
const responseNames = [
  'accept-ranges',
  'content-disposition',
  'content-language',
  'content-range',
  'content-type',
  'etag',
  'last-modified',
  'request-id',
  'retry-after',
  'x-request-id',
]

/**
 * Never, whatever a rule says: what belongs to one connection (RFC 9110 §7.6.1), frames a message,
 * proves who somebody is, or claims whom a request was forwarded for.
 */
const never = [
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'via',
  'cookie',
  'cookie2',
  'authorization',
  'dpop',
  'forwarded',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'true-client-ip',
  'client-ip',
  'x-original-url',
  'x-rewrite-url',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
]
const neverPrefixes = ['proxy-', 'x-forwarded-', 'cf-', 'sec-']

/** Of the caller's headers these as well; a rule may `set` them. */
const neverAsked = ['accept-encoding', 'api-key', 'origin', 'referer', 'x-api-key', 'x-goog-api-key', 'x-auth-token']

/** What would make a browser do something with an answer, and the headers that are ours. */
const neverAnswered = [
  'alt-svc',
  'cache-control',
  'clear-site-data',
  'content-encoding',
  'content-security-policy',
  'location',
  'nel',
  'refresh',
  'report-to',
  'reporting-endpoints',
  'server',
  'service-worker-allowed',
  'set-cookie',
  'set-cookie2',
  'sourcemap',
  'strict-transport-security',
  'timing-allow-origin',
  'www-authenticate',
  'x-content-type-options',
]
const neverAnsweredPrefixes = ['access-control-', 'cross-origin-']

const also: Readonly<
  Record<HeaderKind, { readonly names?: readonly string[]; readonly prefixes?: readonly string[] }>
> = {
  request: { names: neverAsked },
  response: { names: neverAnswered, prefixes: neverAnsweredPrefixes },
  set: {},
}

/** Refuses names that must not travel, or that somebody might read as others. Throws `config`. */
export function checkNames(kind: HeaderKind, names: readonly string[], where: string): void {
  const { names: others = [], prefixes = [] } = also[kind]
  const barred = [...never, ...others]
  const barredPrefixes = [...neverPrefixes, ...prefixes]
  for (const name of names) {
    const lower = String(name).toLowerCase()
    const bad = barred.includes(lower) || barredPrefixes.some((prefix) => lower.startsWith(prefix))
    // An underscore is a hyphen to some who make environment variables of headers.
    if (bad || !/^[a-z\d][a-z\d-]*$/.test(lower)) {
      throw configError(`${where}: ${lower} cannot be allowed.`)
    }
  }
}

/** Lower-case names of headers that may travel, and what is set on the way. */
export interface HeaderLists {
  readonly requestNames: ReadonlySet<string>
  readonly responseNames: ReadonlySet<string>
  readonly headers: { readonly set: Readonly<Record<string, string>> }
}

/** The headers of every answer, whoever gives it, by lower-case names. */
export type CommonHeaders = Readonly<Record<string, string>>

/** Gives them: for alike requests the same object. */
export type Common = (request: Pick<Request, 'headers'>) => CommonHeaders

/** What of a caller's headers goes upstream, with those that a rule adds. */
export function upstreamNames(more: readonly string[]): ReadonlySet<string> {
  return new Set([...requestNames, ...lowered(more)])
}

/** What of upstream's headers comes back, with those that a rule adds. */
export function callerNames(more: readonly string[]): ReadonlySet<string> {
  return new Set([...responseNames, ...lowered(more)])
}

function lowered(names: readonly string[]): readonly string[] {
  return names.map((name) => name.toLowerCase())
}

/** The headers of a request upstream. */
export function upstreamHeaders(given: Headers, rule: HeaderLists): Record<string, string> {
  return Object.assign(picked(given, rule.requestNames), rule.headers.set)
}

/** Adds to ours what of upstream's headers is allowed. A rule can name none of ours, but some of the common ones. */
export function addAllowed(headers: Headers, given: Headers, { responseNames }: HeaderLists): void {
  for (const name of responseNames) {
    const value = given.get(name)
    if (value !== null) headers.set(name, name === 'vary' ? bothVary(value, headers.get(name)) : value)
  }
  // Where the runtime has decoded the body, its length is another.
  const length = given.get('content-length')
  if (length !== null && !given.has('content-encoding')) headers.set('content-length', length)
}

function bothVary(theirs: string, ours: string | null): string {
  return ours === null || ours === theirs ? theirs : `${theirs}, ${ours}`
}

/** Into a plain object: each step into the platform's own costs more than all of ours. */
function picked(given: Headers, names: ReadonlySet<string>): Record<string, string> {
  // For every cache between here and upstream (RFC 9111, section 5.2.1.5).
  const headers: Record<string, string> = { 'cache-control': 'no-store' }
  for (const name of names) {
    const value = given.get(name)
    if (value !== null) headers[name] = value
  }
  return headers
}
