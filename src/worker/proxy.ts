import type { Client } from '../client/client.ts'
import { isOAuthError } from '../errors.ts'
import { proxyBody } from './proxy-body.ts'
import { openDeadline } from './proxy-deadline.ts'
import { type Common, type CommonHeaders, upstreamHeaders } from './proxy-headers.ts'
import type { Target } from './proxy-path.ts'
import { refusal } from './proxy-refusal.ts'
import { answer } from './proxy-response.ts'
import { type CheckedRule, readRule } from './proxy-rule.ts'
import { type ReadRequest, readRequest } from './read-request.ts'

/** Headers beyond those that travel anyway. Names in any case; the dangerous ones are refused. */
export interface ProxyHeaders {
  /** Names of the caller's headers that go upstream as well, for example `openai-beta`. */
  readonly request?: readonly string[]
  /** Names of upstream's headers that come back as well, for example `x-ratelimit-remaining`. */
  readonly response?: readonly string[]
  /** Headers that each request upstream carries, whatever the caller sends. */
  readonly set?: Readonly<Record<string, string>>
}

/**
 * What of an upstream may be reached through this server.
 *
 * @example
 * ```ts
 * const rule: ProxyRule = {
 *   from: '/api',
 *   to: 'https://api.anthropic.com',
 *   methods: ['GET', 'POST'],
 *   paths: ['/v1/messages', '/v1/models', '/v1/models/*'],
 * }
 * ```
 */
export interface ProxyRule {
  /** Where it begins here: a path, for example `'/api'`. Everything below it is answered by this rule or refused. */
  readonly from: string
  /** The fixed upstream that takes the place of `from`: an origin, and a path if there is one. `http:` on loopback only. */
  readonly to: string
  /** What may be done there. `HEAD` is not implied by `GET`. */
  readonly methods: readonly string[]
  /**
   * Which paths, as they follow `from` here and `to` there. In a segment `*` stands for some text, once;
   * `/**` at the end for one or more segments. Upper and lower case differ.
   */
  readonly paths: readonly string[]
  readonly headers?: ProxyHeaders
  /**
   * How long upstream may take until its answer begins, in milliseconds. What follows may take any time. Where it
   * is named, the request upstream ends with it; otherwise that is left to the platform.
   *
   * @default 600_000
   */
  readonly timeout?: number
}

/** A request that a rule allows, and where it goes. */
export interface ProxyMatch {
  readonly request: Request
  readonly rule: ProxyRule
  /** The upstream's address: the rule's fixed origin and path, an allowed path below it, the caller's query. */
  readonly url: string
}

/** With whose token a request travels. */
export interface ProxyAccess {
  /** `client.fetch` of the client that holds the user's tokens. Its `apiOrigins` must hold the proxy's. */
  readonly send: Client['fetch']
  /** Ends the request upstream, as the caller's own disconnect does where the runtime tells of it. */
  readonly signal?: AbortSignal
}

/** A reverse proxy: looks at requests, and sends those that are allowed. */
export interface Proxy {
  /** The upstreams' origins: what the client needs in its `apiOrigins`. */
  readonly origins: readonly string[]
  /** What to do with `request`: a match, a refusal, or nothing where no rule's `from` covers its path. */
  match(request: Request): ProxyMatch | Response | undefined
  /**
   * Sends a match upstream with the user's token, and streams the answer back.
   *
   * Answers 502 where upstream gave no answer or redirected, and 504 where it took too long. Errors:
   * those of getting a token, `origin_not_allowed`; an abort rejects with the signal's reason.
   */
  forward(match: ProxyMatch, access: ProxyAccess): Promise<Response>
}

/**
 * Makes a reverse proxy of fixed rules. Checks them; does no I/O.
 *
 * A path that somebody further on might read in another way than we do is refused: encoded slashes,
 * dots and percent signs, `;` parameters, empty segments. Headers are rebuilt from lists of allowed names
 * in both directions, so that no cookie, no foreign token and nothing about this connection goes up, and no
 * cookie, redirect or CORS permission comes down. Bodies are handed on as they come. Redirects are not
 * followed and do not come down.
 *
 * Who may ask at all (sessions, CSRF, CORS) is for the caller of `match` to decide before `forward`. In
 * a Worker, a caller who leaves ends everything that their request has begun: hold a token refresh by
 * `waitUntil`, or its answer may be lost.
 *
 * Each answer has the `common` headers too.
 *
 * Errors: `config` for a rule that cannot be kept.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-7.6 RFC 9110, section 7.6}
 */
export function createProxy(rules: readonly ProxyRule[], common: Common = () => nothing): WorkerProxy {
  const checked = rules.map(readRule)
  let uncached: RequestInit | undefined
  return {
    origins: [...new Set(checked.map(({ origin }) => origin))],
    match: (request, read = readRequest(request)) => match(checked, read, common),
    forward: (found, access) => forward(found as Found, access, { uncached: (uncached ??= uncachedInit()), common }),
  }
}

/** A proxy for whoever has read the request. */
export interface WorkerProxy extends Proxy {
  match(request: Request, read?: ReadRequest): ProxyMatch | Response | undefined
}

const nothing: CommonHeaders = {}

/** A match with the rule as it was read. */
interface Found extends ProxyMatch {
  readonly read: ReadRequest
  readonly rule: CheckedRule
}

function match(rules: readonly CheckedRule[], read: ReadRequest, common: Common): Found | Response | undefined {
  const { request, method, target } = read
  const { path, canonical } = target
  for (const rule of rules) {
    if (!canonical || !rule.covers(path) || !rule.allows(path) || !rule.methods.includes(method)) continue
    const url = rule.upstream(target)
    return url === undefined ? refusal(400, 'path_malformed', common(request)) : { request, read, rule, url }
  }
  return unmatched(rules, target, common(request))
}

/** Why no rule allows a request. */
function unmatched(
  rules: readonly CheckedRule[],
  { path, canonical }: Target,
  common: CommonHeaders,
): Response | undefined {
  const covering = rules.filter(({ covers }) => covers(path))
  if (covering.length === 0) return undefined
  if (!canonical) return refusal(400, 'path_malformed', common)
  const reached = covering.filter(({ allows }) => allows(path))
  if (reached.length === 0) return refusal(404, 'path_not_allowed', common)
  const allow = [...new Set(reached.flatMap(({ methods }) => methods))].join(', ')
  return refusal(405, 'method_not_allowed', { ...common, allow })
}

async function forward(
  { request, read, rule, url }: Found,
  { send, signal }: ProxyAccess,
  { uncached, common }: { readonly uncached: RequestInit; readonly common: Common },
): Promise<Response> {
  const shared = common(request)
  const deadline = openDeadline(rule.timeout, request.signal, signal)
  try {
    const body = proxyBody(read, deadline.signal)
    const answering = send(url, {
      method: read.method,
      headers: upstreamHeaders(read.headers, rule),
      redirect: 'manual',
      signal: deadline.signal,
      // Last: engines write each member that comes after a spread by the slow way.
      ...(body instanceof Promise ? await deadline.wait(body) : body),
      ...(isFileLike(read.target.path) ? uncached : undefined),
    })
    return answer(await deadline.wait(answering), rule, shared)
  } catch (error) {
    if (deadline.passed()) return refusal(504, 'upstream_timeout', shared)
    if (isUpstreamFailure(error)) return refusal(502, 'upstream_unreachable', shared)
    throw error
  } finally {
    deadline.clear()
  }
}

/**
 * Whether a path ends in what looks like a file's name. Such answers the platform's own cache keeps of its own
 * accord, whoever asked, and whatever the request's headers say; to tell it costs a twentieth of a call.
 */
function isFileLike(path: string): boolean {
  return path.lastIndexOf('.') > path.lastIndexOf('/')
}

/** Keeps a user's answers out of the platform's cache, where the runtime lets us say so. */
function uncachedInit(): RequestInit {
  try {
    const init: RequestInit = { cache: 'no-store' }
    void new Request('https://localhost/', init)
    return init
  } catch {
    // A Worker with a compatibility date before 2024-11-11.
    return {}
  }
}

function isUpstreamFailure(error: unknown): boolean {
  return isOAuthError(error) && error.code === 'network' && error.detail.endpoint === 'api'
}
