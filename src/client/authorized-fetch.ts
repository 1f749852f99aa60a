import type { Fetch, TokenSet } from '../contracts.ts'
import { parseUrl } from '../core/endpoint.ts'
import { networkError } from '../core/send.ts'
import type { Proof } from '../core/call.ts'
import { isOAuthError, OAuthError } from '../errors.ts'
import type { AddHeaders } from './api-headers.ts'
import { apiRequest, isRepeatable, isSafe, isWithin, methodOf, readdressed, told, urlOf } from './api-request.ts'
import type { ApiRequest } from './api-request.ts'
import { challengeError } from '../core/challenge-error.ts'
import { plainInit } from './plain-init.ts'

/** What the fetch with a token is made of. */
export interface AuthorizedFetchParts {
  readonly fetch: Fetch
  readonly apiOrigins: ReadonlySet<string>
  readonly addHeaders: AddHeaders | undefined
  /** The token at hand, without asking anybody. */
  readonly atHand: () => TokenSet | undefined
  /** A good token; one other than `refused`, where that is named. */
  readonly tokens: (refused: string | undefined, signal: AbortSignal | undefined) => Promise<TokenSet>
  /** Proves possession of the key that these tokens are bound to. */
  readonly proof: (tokens: TokenSet) => Promise<Proof | undefined>
}

/**
 * Gives a `fetch` that carries the token, to `apiOrigins` and nowhere else.
 *
 * After a 401 the token is renewed and the request made once more, unless its body was a stream,
 * which is gone. Redirects are followed among `apiOrigins` only; where the runtime hides their target,
 * as browsers do, not at all. An abort rejects with the signal's own reason, as `fetch` does.
 *
 * Errors: `origin_not_allowed` before anything is sent, `unexpected_redirect`, `network`, and those of
 * getting a token; a `TypeError` for a request that cannot be made.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750#section-3.1 RFC 6750, section 3.1}
 */
export function authorizedFetch(parts: AuthorizedFetchParts): Fetch {
  const prefixes = [...parts.apiOrigins].map((origin) => `${origin}/`)
  // Most programs call one address over and over: comparing texts takes longer than the rest.
  let plain: unknown = prefixes
  return async (input, init) => {
    if (input !== plain && isPlain(parts, prefixes, input)) plain = input
    const tokens = input === plain ? parts.atHand() : undefined
    const sent = tokens?.tokenType === 'Bearer' ? plainInit(init, `Bearer ${tokens.accessToken}`) : undefined
    if (tokens === undefined || sent === undefined) return sentWithCare(parts, input, init)
    // What most programs do most of the time: nothing is waited for but the answer, and nothing is built.
    const asked = init?.redirect
    let response: Response
    try {
      response = await parts.fetch(input, sent)
    } catch (error) {
      const request = readSent(input, sent, asked)
      throw reasonOf(request, failure(request, error))
    }
    const { status } = response
    if (status > 199 && status < 300) return response
    const request = readSent(input, sent, asked)
    return completed(parts, request, settled(parts, tokens, request, visible(request, response)))
  }
}

async function sentWithCare(parts: AuthorizedFetchParts, ...[input, init]: Parameters<Fetch>): Promise<Response> {
  const request = apiRequest(parts.apiOrigins, input, init)
  return completed(parts, request, sendWithToken(parts, request))
}

/** Whether this is a call to the API by a text that needs no reading, with no headers of the provider's. */
function isPlain(parts: AuthorizedFetchParts, prefixes: readonly string[], input: unknown): boolean {
  if (typeof input !== 'string' || parts.addHeaders !== undefined) return false
  // As `startsWith`, which engines are slower at.
  for (const prefix of prefixes) if (input.lastIndexOf(prefix, 0) === 0) return true
  return false
}

/** What was sent as plainly as that, as the request that it is: the redirect mode was ours, unless they had it so. */
function readSent(input: Parameters<Fetch>[0], sent: RequestInit, asked: RequestRedirect | undefined): ApiRequest {
  const { redirect: _, ...init } = sent
  return { input: String(input), init: asked === 'manual' ? sent : init }
}

async function completed(
  parts: AuthorizedFetchParts,
  request: ApiRequest,
  begun: Promise<Response>,
): Promise<Response> {
  try {
    const response = await begun
    return redirects.includes(response.status) ? await followed(parts, request, response) : response
  } catch (error) {
    throw reasonOf(request, error)
  }
}

/** An abort rejects with the signal's own reason, as `fetch` does. */
function reasonOf(request: ApiRequest, error: unknown): unknown {
  const signal = told(request, 'signal')
  return signal?.aborted === true ? (signal.reason ?? new OAuthError('aborted', {})) : error
}

async function sendWithToken(parts: AuthorizedFetchParts, request: ApiRequest): Promise<Response> {
  const tokens = parts.atHand() ?? (await parts.tokens(undefined, told(request, 'signal') ?? undefined))
  return settled(parts, tokens, request, await send(parts, tokens, request))
}

/** The answer; where the API has refused the token, that to another one. */
async function settled(
  parts: AuthorizedFetchParts,
  tokens: TokenSet,
  request: ApiRequest,
  response: Response,
): Promise<Response> {
  if (response.status !== 401) return response
  const better = await afterRefusal(parts, tokens, request, response)
  if (better === undefined || !isRepeatable(request)) return response
  drop(response)
  return send(parts, better, request)
}

/** Another token, where the API refuses this one, also if it is of use to the next request only. */
async function afterRefusal(
  parts: AuthorizedFetchParts,
  refused: TokenSet,
  request: ApiRequest,
  response: Response,
): Promise<TokenSet | undefined> {
  const error = challengeError(response)
  if (error !== undefined && error !== 'invalid_token') return undefined
  try {
    return await parts.tokens(refused.accessToken, told(request, 'signal') ?? undefined)
  } catch (cause) {
    if (told(request, 'signal')?.aborted === true) throw cause
    // The API's own answer says more than our failure to renew.
    return undefined
  }
}

/** The statuses that send a caller elsewhere (RFC 9110 §15.4). */
const redirects = [301, 302, 303, 307, 308]

/** How many redirects are followed. */
const hops = 5

async function followed(parts: AuthorizedFetchParts, request: ApiRequest, answer: Response): Promise<Response> {
  if (told(request, 'redirect') === 'manual') return answer
  let current = request
  let response = answer
  for (let hop = 0; redirects.includes(response.status); hop++) {
    const location = response.headers.get('location')
    if (location === null) return response
    drop(response)
    const target = parseUrl(location, urlOf(current))
    const followable = hop < hops && isSafe(request) && (told(request, 'redirect') ?? 'follow') === 'follow'
    if (!followable || target === undefined || !isWithin(parts.apiOrigins, target.href)) {
      throw new OAuthError('unexpected_redirect', { endpoint: 'api', status: response.status })
    }
    current = readdressed(request, target)
    response = await sendWithToken(parts, current)
  }
  return response
}

async function send(parts: AuthorizedFetchParts, tokens: TokenSet, request: ApiRequest): Promise<Response> {
  const headers = withHeaders(request, tokens, parts.addHeaders)
  const proof = tokens.tokenType === 'DPoP' ? await parts.proof(tokens) : undefined
  if (proof === undefined) return exchange(parts, request, headers)
  return proof.prove({
    accessToken: tokens.accessToken,
    method: methodOf(request),
    url: urlOf(request),
    send: (dpop) => exchange(parts, request, withDpop(headers, dpop)),
    repeatable: isRepeatable(request),
  })
}

async function exchange(
  { fetch }: AuthorizedFetchParts,
  request: ApiRequest,
  headers: Record<string, string> | Headers,
): Promise<Response> {
  try {
    return visible(request, await fetch(request.input, { ...request.init, headers, redirect: 'manual' }))
  } catch (error) {
    throw failure(request, error)
  }
}

/** What a failed `fetch` means. The native text is left out: a custom `fetch` may have put the request into it. */
function failure(request: ApiRequest, error: unknown): unknown {
  if (isOAuthError(error)) return error
  readHeaders(told(request, 'headers'))
  if (canBeMade(request)) return networkError('api', error)
  return new TypeError('client.fetch cannot make this request: look at its method and body.')
}

/** A browser hides where a redirect leads, so that it can be neither checked nor followed. */
function visible(request: ApiRequest, response: Response): Response {
  if (response.type !== 'opaqueredirect' || told(request, 'redirect') === 'manual') return response
  throw new OAuthError('unexpected_redirect', { endpoint: 'api' })
}

/** Whether the platform would make such a request at all. A body that is gone cannot be tried. */
function canBeMade(request: ApiRequest): boolean {
  if (!isRepeatable(request)) return true
  try {
    void new Request(request.input, request.init)
    return true
  } catch {
    return false
  }
}

function drop(response: Response): void {
  void response.body?.cancel().catch(() => undefined)
}

/** The caller's headers with ours: a token of the caller's own would be a second one. */
function withHeaders(
  request: ApiRequest,
  tokens: TokenSet,
  addHeaders: AddHeaders | undefined,
): Record<string, string> | Headers {
  const authorization = `${tokens.tokenType} ${tokens.accessToken}`
  const given = told(request, 'headers')
  if (given === undefined && addHeaders === undefined) return { authorization }
  const headers = readHeaders(given)
  addHeaders?.(headers)
  headers.set('authorization', authorization)
  return headers
}

function readHeaders(given: HeadersInit | undefined): Headers {
  try {
    return new Headers(given)
  } catch {
    // The native error repeats the value.
    throw new TypeError('client.fetch cannot use these headers.')
  }
}

function withDpop(headers: Record<string, string> | Headers, dpop: string): Headers {
  const proven = new Headers(headers)
  proven.set('dpop', dpop)
  return proven
}
