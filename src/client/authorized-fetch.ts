import type { Fetch, TokenSet } from '../contracts.ts'
import { networkError, withProof } from '../core/index.ts'
import type { Proof } from '../core/index.ts'
import { isOAuthError, OAuthError } from '../errors.ts'
import { checkOrigin, isRepeatable, isSafe, methodOf, redirectOf, signalOf, urlOf } from './api-request.ts'
import type { ApiRequest } from './api-request.ts'

/** What the fetch with a token is made of. */
export interface AuthorizedFetchParts {
  readonly fetch: Fetch
  readonly apiOrigins: ReadonlySet<string>
  /** Headers that each call carries, unless it sets them itself. */
  readonly apiHeaders: Readonly<Record<string, string>> | undefined
  /** The token at hand, without asking anybody. */
  readonly atHand: () => TokenSet | undefined
  /** A good token; one other than `refused`, where that is named. */
  readonly tokens: (refused: string | undefined, signal: AbortSignal | undefined) => Promise<TokenSet>
  readonly proof: () => Promise<Proof | undefined>
}

/**
 * Gives a `fetch` that carries the token, to `apiOrigins` and nowhere else.
 *
 * After a 401 the token is renewed and the request made once more, unless its body was a stream,
 * which is gone. Redirects are followed among `apiOrigins` only; where the runtime hides their target,
 * as browsers do, not at all.
 *
 * Errors: `origin_not_allowed` before anything is sent, `unexpected_redirect`, `network`, and those of
 * getting a token.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750#section-3.1 RFC 6750, section 3.1}
 */
export function authorizedFetch(parts: AuthorizedFetchParts): Fetch {
  return async (input, init) => {
    const request: ApiRequest = { input, init }
    checkOrigin(parts.apiOrigins, request)
    const response = await sendWithToken(parts, request)
    return response.status >= 300 && response.status < 400 ? followed(parts, request, response) : response
  }
}

async function sendWithToken(parts: AuthorizedFetchParts, request: ApiRequest): Promise<Response> {
  const tokens = parts.atHand() ?? (await parts.tokens(undefined, signalOf(request)))
  const response = await send(parts, tokens, request)
  if (response.status !== 401 || !isRepeatable(request)) return response
  const better = await afterRefusal(parts, tokens, request, response)
  if (better === undefined) return response
  void response.body?.cancel().catch(() => undefined)
  return send(parts, better, request)
}

/** The token to try once more with, if there is any sense in that. */
async function afterRefusal(
  parts: AuthorizedFetchParts,
  refused: TokenSet,
  request: ApiRequest,
  response: Response,
): Promise<TokenSet | undefined> {
  const error = challengeError(response)
  if (error === 'use_dpop_nonce' && refused.tokenType === 'DPoP') return refused
  if (error !== undefined && error !== 'invalid_token') return undefined
  try {
    return await parts.tokens(refused.accessToken, signalOf(request))
  } catch (cause) {
    if (signalOf(request)?.aborted === true) throw cause
    // The API's own answer says more than our failure to renew.
    return undefined
  }
}

/** What the API holds against the token, in the words of RFC 6750 §3.1; many APIs say nothing. */
function challengeError(response: Response): string | undefined {
  return /\berror\s*=\s*"?([a-z_]+)/i.exec(response.headers.get('www-authenticate') ?? '')?.[1]?.toLowerCase()
}

/** How many redirects are followed. */
const hops = 5

async function followed(parts: AuthorizedFetchParts, request: ApiRequest, answer: Response): Promise<Response> {
  if (redirectOf(request) === 'manual') return answer
  let current = request
  let response = answer
  for (let hop = 0; ; hop++) {
    const location = response.headers.get('location')
    if (response.status < 300 || response.status >= 400 || location === null) return response
    void response.body?.cancel().catch(() => undefined)
    const target = new URL(location, urlOf(current))
    const followable = hop < hops && isSafe(request) && redirectOf(request) === 'follow'
    if (!followable || !parts.apiOrigins.has(target.origin)) {
      throw new OAuthError('unexpected_redirect', { endpoint: 'api', status: response.status })
    }
    const { input } = request
    current = { ...request, input: input instanceof Request ? new Request(target, input) : target }
    response = await sendWithToken(parts, current)
  }
}

async function send(parts: AuthorizedFetchParts, tokens: TokenSet, request: ApiRequest): Promise<Response> {
  const { input, init } = request
  try {
    const headers = withHeaders(request, tokens, parts.apiHeaders)
    const proof = tokens.tokenType === 'DPoP' ? await parts.proof() : undefined
    const response =
      proof === undefined
        ? await parts.fetch(input, { ...init, headers, redirect: 'manual' })
        : await withProof(proof, {
            accessToken: tokens.accessToken,
            method: methodOf(request),
            url: urlOf(request),
            send: (dpop) => parts.fetch(input, { ...init, headers: withDpop(headers, dpop), redirect: 'manual' }),
          })
    if (response.type !== 'opaqueredirect' || redirectOf(request) === 'manual') return response
  } catch (error) {
    if (isOAuthError(error) || signalOf(request)?.aborted === true) throw error
    throw networkError('api', error, [tokens.accessToken])
  }
  // A browser hides where a redirect leads, so that it can be neither checked nor followed.
  throw new OAuthError('unexpected_redirect', { endpoint: 'api' })
}

/** The caller's headers with ours: a token of the caller's own would be a second one. */
function withHeaders(
  { input, init }: ApiRequest,
  tokens: TokenSet,
  apiHeaders: AuthorizedFetchParts['apiHeaders'],
): Record<string, string> | Headers {
  const authorization = `${tokens.tokenType} ${tokens.accessToken}`
  const given = init?.headers ?? (input instanceof Request ? input.headers : undefined)
  if (given === undefined && apiHeaders === undefined) return { authorization }
  const headers = new Headers(given)
  for (const [name, value] of Object.entries(apiHeaders ?? {})) if (!headers.has(name)) headers.set(name, value)
  headers.set('authorization', authorization)
  return headers
}

function withDpop(headers: Record<string, string> | Headers, dpop: string): Headers {
  const proven = new Headers(headers)
  proven.set('dpop', dpop)
  return proven
}
