import { allowInsecureRequests, customFetch } from 'oauth4webapi'
import type { CustomFetchOptions } from 'oauth4webapi'

import type { ClientAuth, Provider, RequestDialect, RequestQuirks } from '../contracts.ts'
import { configError, isOAuthError, OAuthError } from '../errors.ts'
import { failure } from './failure.ts'
import { requestSecrets } from './request-secrets.ts'
import { heard, send } from './send.ts'
import type { Carry, SendInit } from './send.ts'
import type { Server } from './server.ts'
import type { WireOptions } from './wire.ts'
import type { World } from './world.ts'

/** Who speaks to whom, and through what. */
export interface Parties {
  readonly provider: Provider
  readonly server: Server
  readonly clientId: string
  readonly clientAuth: ClientAuth
  readonly world: World
  /** Proves possession of a key with each request (RFC 9449). */
  readonly proof?: Proof
}

/** Proves possession of a key with each request, and remembers each server's newest nonce. */
export interface Proof {
  /**
   * Makes a request with a fresh proof, and keeps the nonce that its answer brings.
   *
   * @example
   * ```ts
   * const response = await proof.prove({
   *   accessToken,
   *   method: 'GET',
   *   url,
   *   send: (header) => fetch(url, { headers: { authorization: `DPoP ${accessToken}`, dpop: header } }),
   * })
   * ```
   *
   * @see {@link https://www.rfc-editor.org/rfc/rfc9449#section-4 RFC 9449, section 4}
   */
  prove(request: ProvenRequest): Promise<Response>
}

/** One request that carries a proof. */
export interface ProvenRequest {
  /** The token that a resource server is shown with it. */
  readonly accessToken?: string | undefined
  readonly method: string
  readonly url: URL
  /** Whether it may be sent once more when the server asks for a fresh nonce. @default false */
  readonly repeatable?: boolean
  /** Sends the request with this `DPoP` header. */
  readonly send: (header: string) => Promise<Response>
}

/** One request to the server. */
export interface Call {
  /** A role for messages: `'token'`, `'revocation'`, … */
  readonly endpoint: string
  readonly signal?: AbortSignal | undefined
  /** The token that it shows, where it asks for a resource. */
  readonly accessToken?: string
  /** What the request says besides, by name. */
  readonly extra?: Readonly<Record<string, string | undefined>>
  readonly carry?: Carry | undefined
  /** When it was sent, where that is past. */
  readonly sentAt?: number | undefined
  /** Speaks with a server that does not know this request. */
  readonly dialect?: RequestDialect | undefined
}

/** An answer that is no error, with its text, which can be read once more. */
export interface Answer {
  readonly response: Response
  readonly text: string
  /** When the request left, in milliseconds since the epoch. */
  readonly sentAt: number
}

/**
 * Makes one call and gives its answer, unless that is an error.
 *
 * A server that asks for a fresh DPoP nonce gets the request once more, and only once.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9449#section-8 RFC 9449, section 8}
 */
export async function call(
  parties: Parties,
  { endpoint, signal, accessToken, carry, extra, dialect, sentAt: past }: Call,
  request: (options: WireOptions) => Promise<Response>,
): Promise<Answer> {
  const { world, provider, proof } = parties
  let secrets = (): readonly string[] => []
  const dispatch = (url: string, init: SendInit, form: URLSearchParams | undefined): Promise<Response> => {
    secrets = () => requestSecrets(init.headers, form)
    const sendWith = (headers: SendInit['headers']): Promise<Response> =>
      send(world, endpoint, url, { ...init, headers, signal, carry })
    if (proof === undefined) return sendWith(init.headers)
    const { method, headers } = init
    return proof.prove({ accessToken, method, url: new URL(url), send: (dpop) => sendWith({ ...headers, dpop }) })
  }
  const options: WireOptions = {
    [customFetch]: async (url, init) => {
      const form = formOf(init, extra)
      if (form === undefined) return dispatch(url, { method: init.method, headers: init.headers }, form)
      if (dialect === undefined) return dispatch(url, formInit(provider, endpoint, init, form), form)
      const answer = await dialect(url, form, (to, fields, encoding) => {
        const body = new URLSearchParams(fields)
        return dispatch(to, encoded(init, body, encoding), body).then(whole)
      })
      return heard(answer, await answer.text())
    },
    [allowInsecureRequests]: world.allowInsecureLoopback,
  }
  for (let attempt = 1; ; attempt++) {
    const sentAt = past ?? world.clock.now()
    const response = await request(options).catch((error: unknown) => {
      throw requestRefused(endpoint, error)
    })
    const text = await response.text()
    const failed = failure({ endpoint, response, text, now: world.clock.now(), provider, secrets })
    if (failed === undefined) return { response, text, sentAt }
    if (proof === undefined || attempt === 2 || !wantsNonce(failed)) throw failed
  }
}

/** The answer as anybody would expect it, who may do more than ask for its text. */
async function whole(response: Response): Promise<Response> {
  // Some statuses take no body, not even an empty one.
  return new Response((await response.text()) || null, response)
}

function wantsNonce({ detail }: OAuthError): boolean {
  return 'error' in detail && detail.error === 'use_dpop_nonce'
}

/** The form in a request, with what it says besides. */
function formOf({ body }: CustomFetchOptions<string, unknown>, extra: Call['extra'] = {}): URLSearchParams | undefined {
  if (!(body instanceof URLSearchParams)) return undefined
  for (const [name, value] of Object.entries(extra)) if (value !== undefined) body.set(name, value)
  return body
}

/** The request, as the provider wants it. */
function formInit(
  provider: Provider,
  endpoint: string,
  { method, headers }: CustomFetchOptions<string, unknown>,
  form: URLSearchParams,
): SendInit {
  const quirks = quirksOf(provider, endpoint, form.get('grant_type'))
  return encoded({ method, headers: { ...headers, ...quirks?.headers } }, form, quirks?.encoding)
}

function encoded(
  { method, headers }: Pick<SendInit, 'method' | 'headers'>,
  form: URLSearchParams,
  encoding: RequestQuirks['encoding'],
): SendInit {
  if (encoding !== 'json') return { method, headers, body: form }
  const body = JSON.stringify(Object.fromEntries(form))
  return { method, headers: { ...headers, 'content-type': 'application/json' }, body }
}

function quirksOf(
  { tokenRequest, revocationRequest }: Provider,
  endpoint: string,
  grant: string | null,
): RequestQuirks | undefined {
  if (endpoint === 'revocation') return revocationRequest
  if (endpoint !== 'token') return undefined
  return (grant === 'refresh_token' && tokenRequest?.refresh) || tokenRequest
}

/** What oauth4webapi throws before it sends anything is about the configuration. */
function requestRefused(endpoint: string, error: unknown): OAuthError {
  if (isOAuthError(error)) return error
  const code = (error as { readonly code?: unknown } | undefined)?.code
  if (code === 'OAUTH_MISSING_SERVER_METADATA') {
    return new OAuthError('unsupported', { what: `the server names no ${endpoint} endpoint.` })
  }
  const why =
    code === 'OAUTH_HTTP_REQUEST_FORBIDDEN'
      ? 'it would not be sent over https.'
      : 'the client authentication or the key does not fit.'
  return configError(`the ${endpoint} request cannot be made: ${why}`)
}
