import type { Provider } from '../contracts.ts'
import { configError } from '../errors.ts'

/** What a sign-in address is made of. */
export interface AuthUrlRequest {
  readonly provider: Provider
  /** The S256 code challenge: see `generateCodeChallenge`. */
  readonly challenge: string
  readonly state: string
  /** The loopback port that really listens. */
  readonly port?: number
  /** @default the provider's loopback address with `port`, else its hosted page */
  readonly redirectUri?: string
  readonly clientId?: string
  readonly scopes?: readonly string[]
}

/**
 * Builds the address at which a person signs in. For programs that keep state and verifier themselves;
 * `client.start` does all of it, with nonces and pushed requests.
 *
 * Errors: `config` when the row names no authorization endpoint, no client id, or no way back.
 *
 * @example
 * ```ts
 * const url = buildAuthUrl({ provider: anthropic(), challenge, state, port: server.port })
 * ```
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1 RFC 6749, section 4.1.1}
 */
export function buildAuthUrl(request: AuthUrlRequest): URL {
  const { provider, challenge, state, clientId = provider.clientId, scopes = provider.scopes ?? [] } = request
  if (!/^[\w-]{43}$/.test(challenge)) throw new TypeError('challenge must be an S256 code challenge.')
  if (state === '') throw new TypeError('state must not be empty.')
  const endpoint = provider.endpoints?.authorization
  if (endpoint === undefined) throw configError(`provider ${provider.id} names no authorization endpoint.`)
  if (clientId === undefined) throw configError(`provider ${provider.id} needs a clientId.`)
  const url = new URL(endpoint)
  const params = {
    ...provider.authorizationParams,
    client_id: clientId,
    response_type: 'code',
    redirect_uri: redirectUriOf(request),
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
    code_challenge: challenge,
    code_challenge_method: 'S256',
    state,
    ...(provider.resource !== undefined && { resource: provider.resource }),
  }
  for (const [name, value] of Object.entries(params)) url.searchParams.set(name, value)
  return url
}

/** The redirect URI of a sign-in: one value, for the address and for the exchange. */
export function redirectUriOf({
  provider,
  port,
  redirectUri,
}: Pick<AuthUrlRequest, 'provider' | 'port' | 'redirectUri'>): string {
  if (redirectUri !== undefined) return redirectUri
  const { loopback, hosted } = provider.redirect ?? {}
  if (port !== undefined && loopback !== undefined) {
    if (!Number.isInteger(port) || port < 1 || port > 65_535)
      throw new TypeError('port must be a number from 1 to 65535.')
    return `http://${loopback.host}:${port}${loopback.path}`
  }
  if (port === undefined && hosted !== undefined) return hosted
  throw configError(`provider ${provider.id} needs a redirectUri.`)
}
