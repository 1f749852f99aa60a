import { validateAuthResponse } from 'oauth4webapi'
import type { AuthorizationServer } from 'oauth4webapi'

import type { Provider, Transaction } from '../contracts.ts'
import { OAuthError, untrustedText } from '../errors.ts'
import { parseUrl } from './endpoint.ts'
import { errorCode } from './failure.ts'
import type { Server } from './server.ts'
import { unusable } from './unusable.ts'

/** A callback, read but not yet checked against anything. */
export interface ParsedCallback {
  readonly params: URLSearchParams
  /** Where it arrived, if it came as a URL. */
  readonly url?: URL
}

/** The response parameters that we act on; each may appear once. */
const known = ['code', 'state', 'iss', 'error', 'error_description', 'error_uri', 'client_id', 'response']

/** The longest callback that is looked at, in characters. Codes of 8 KiB exist. */
const longest = 64 * 1024

/**
 * Reads a callback: a `URL`, a URL string, `URLSearchParams`, a query string, or the `code#state` that
 * hosted pages show for copying. Unknown parameters are ignored.
 *
 * Errors: `invalid_callback` for a parameter given twice, an answer to a flow that is not the code
 * flow, a bare code, or anything unreadable.
 *
 * @example
 * ```ts
 * const { params } = parseCallback('https://app.example.com/callback?code=…&state=…')
 * ```
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2 RFC 6749, section 4.1.2}
 */
export function parseCallback(input: URL | URLSearchParams | string): ParsedCallback {
  const parsed = read(input)
  checkShape(parsed.params)
  return parsed
}

/** Refuses what is no answer to the code flow. */
function checkShape(params: URLSearchParams): void {
  if (params.toString().length > longest) throw invalid('it is too long.')
  for (const name of known) {
    if (params.getAll(name).length > 1) throw invalid(`the parameter ${name} appears more than once.`)
  }
  if (params.has('response')) throw invalid('JWT-secured responses (JARM) are not supported.')
  if (['access_token', 'id_token', 'token'].some((name) => params.has(name))) {
    throw invalid('it carries a token, which only flows other than the code flow do.')
  }
}

function read(input: URL | URLSearchParams | string): ParsedCallback {
  if (input instanceof URLSearchParams) return { params: new URLSearchParams(input) }
  if (input instanceof URL) return { params: new URLSearchParams(input.search), url: new URL(input) }
  if (typeof input !== 'string') throw new TypeError('A callback is a URL, URLSearchParams or a string.')
  const text = input.trim()
  if (text.length > longest) throw invalid('it is too long.')
  if (/^[a-z][a-z0-9+.-]*:\//i.test(text)) {
    const url = parseUrl(text)
    if (url === undefined) throw invalid('it is not a URL.')
    return { params: new URLSearchParams(url.search), url }
  }
  if (/(^|[?&])(code|error|state)=/.test(text)) {
    // A query may hold question marks of its own (RFC 3986 §3.4).
    const [query = ''] = text.replace(/^(?![\w.-]+=)[^?]*\?/, '').split('#')
    return { params: new URLSearchParams(query) }
  }
  const hash = text.indexOf('#')
  const code = text.slice(0, hash)
  const state = text.slice(hash + 1)
  if (hash < 1 || state === '') throw invalid('without its state a code cannot be checked; paste all that was shown.')
  if (/\s/.test(text)) throw invalid('it contains spaces.')
  return { params: new URLSearchParams({ code, state }) }
}

/** A callback that passed every check and whose code may be exchanged. */
export interface CheckedCallback {
  readonly params: URLSearchParams
  /** The client id that the server issued in the callback, where the provider does that. */
  readonly clientId: string
}

/**
 * Holds a callback against its transaction: its `state`, then who sent it, then what it says. Nothing
 * has been sent to anybody yet.
 *
 * Errors: `state_mismatch`, `issuer_mismatch`, `invalid_callback`, `access_denied`, `authorization_failed`.
 *
 * @example
 * ```ts
 * const checked = checkCallback(parseCallback(callbackUrl), transaction, server, provider)
 * ```
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9207#section-2.4 RFC 9207, section 2.4}
 */
export function checkCallback(
  callback: ParsedCallback,
  transaction: Transaction,
  server: Server,
  provider: Provider,
): CheckedCallback {
  checkShape(callback.params)
  checkState(callback.params, transaction)
  checkIssuer(callback.params, transaction, server, provider)
  const error = callback.params.get('error')
  const code = callback.params.get('code')
  if (error !== null && code !== null) throw invalid('it carries both a code and an error.')
  if (error !== null) throw refusal(error, callback.params.get('error_description'), secretsOf(transaction))
  if (code === null || code === '') throw invalid('it carries neither a code nor an error.')
  const clientId = provider.readClientId?.(callback.params) ?? transaction.clientId
  try {
    // oauth4webapi brands these parameters, and exchanges no others.
    const params = validateAuthResponse(
      server as AuthorizationServer,
      { client_id: clientId },
      callback.params,
      transaction.state,
    )
    return { params, clientId }
  } catch (cause) {
    throw unusable('authorization', cause)
  }
}

/**
 * Whether a callback URL arrived at the transaction's redirect URI: its origin, its path, and
 * whatever query was registered with it.
 *
 * @example
 * ```ts
 * if (arrivedAt(new URL(location.href), 'https://app.example.com/callback')) await client.finish(location.href)
 * ```
 */
export function arrivedAt(url: URL, redirectUri: string): boolean {
  const expected = parseUrl(redirectUri)
  if (expected === undefined) return false
  const same = url.protocol === expected.protocol && url.host === expected.host && url.pathname === expected.pathname
  return same && [...expected.searchParams].every(([name, value]) => url.searchParams.get(name) === value)
}

function checkState(params: URLSearchParams, transaction: Transaction): void {
  const state = params.get('state') ?? ''
  if (state === transaction.state) return
  throw new OAuthError('state_mismatch', { reason: state === '' ? 'missing' : 'unknown' })
}

function checkIssuer(params: URLSearchParams, transaction: Transaction, server: Server, provider: Provider): void {
  const expected = transaction.issuer
  if (server.issuer !== expected) throw new OAuthError('issuer_mismatch', { expected, received: server.issuer })
  const received = params.get('iss')
  const announced = server.authorization_response_iss_parameter_supported === true
  if (received === null) {
    if (announced) throw new OAuthError('issuer_mismatch', { expected })
    return
  }
  if (received !== expected) {
    throw new OAuthError('issuer_mismatch', {
      expected,
      received: untrustedText(received, secretsOf(transaction)) ?? '',
    })
  }
  if (!announced && provider.unannouncedIssuer !== 'compare') {
    throw invalid("it names an issuer, which the server's metadata does not announce; see provider.unannouncedIssuer.")
  }
}

function secretsOf({ codeVerifier, nonce = '', state }: Transaction): readonly string[] {
  return [state, codeVerifier, nonce]
}

function refusal(error: string, description: string | null, secrets: readonly string[]): OAuthError {
  const text = untrustedText(description, secrets)
  const told = text === undefined ? {} : { description: text }
  if (error === 'access_denied') return new OAuthError('access_denied', told)
  return new OAuthError('authorization_failed', {
    error: errorCode(error, secrets) ?? 'unreadable',
    ...told,
    endpoint: 'authorization',
  })
}

function invalid(reason: string): OAuthError {
  return new OAuthError('invalid_callback', { reason })
}
