import type { ClientAuth, Provider, RequestQuirks } from '../contracts.ts'
import { isOAuthError, OAuthError } from '../errors.ts'
import { secureUrl } from './endpoint.ts'
import { failure } from './failure.ts'
import { requestSecrets } from './request-secrets.ts'
import { send } from './send.ts'
import type { SendInit } from './send.ts'
import type { Server } from './server.ts'
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
  /** Makes a request with a fresh proof. */
  prove(request: ProvenRequest): Promise<Response>
}

/** One request that carries a proof. */
export interface ProvenRequest {
  /** The token that a resource server is shown with it. */
  readonly accessToken?: string | undefined
  readonly method: string
  readonly url: URL
  /** Sends the request with this `DPoP` header. */
  readonly send: (header: string) => Promise<Response>
  /** Whether an API that asks for a fresh nonce may be sent the request once more. @default false */
  readonly repeatable?: boolean
}

/** One request to the server. */
export interface Call {
  /** A role for messages: `'token'`, `'revocation'`, … */
  readonly endpoint: string
  readonly url: string | undefined
  readonly signal?: AbortSignal | undefined
  /** Sends the request in another way than as it is. */
  readonly via?: ((url: string, request: Outgoing, transmit: Transmit) => Promise<Response>) | undefined
  /** Shown as by whoever calls an API. */
  readonly accessToken?: string | undefined
}

/** Sends a request somewhere, within the limits of every request. */
export type Transmit = (url: string, request: Outgoing) => Promise<Response>

/** What is sent. `form` is what a body in another encoding says. */
export interface Outgoing extends SendInit {
  readonly form?: URLSearchParams
}

/** An answer that is no error, with its text, which can be read once more. */
export interface Answer {
  readonly response: Response
  readonly text: string
  /** When the request left, in milliseconds since the epoch. */
  readonly sentAt: number
}

/**
 * Posts a form in the client's name, and gives its answer, unless that is an error. What a server
 * has no endpoint for is `unsupported`.
 */
export function post(
  parties: Parties,
  call: Call,
  fields: Readonly<Record<string, string | undefined>>,
): Promise<Answer> {
  return ask(parties, call, async () => {
    const body = new URLSearchParams()
    for (const [name, value] of Object.entries(fields)) if (value !== undefined) body.set(name, value)
    const headers = new Headers({ accept: 'application/json' })
    await authenticate(parties, call, body, headers)
    return formOf(parties.provider, call, body, headers)
  })
}

/**
 * Makes one call and gives its answer, unless that is an error.
 *
 * A server that asks for a fresh DPoP nonce gets the request once more, and only once.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9449#section-8 RFC 9449, section 8}
 */
export async function ask(parties: Parties, call: Call, make: () => Promise<Outgoing>): Promise<Answer> {
  const { world, provider, proof } = parties
  const { endpoint, signal } = call
  if (call.url === undefined) throw new OAuthError('unsupported', { what: `the server names no ${endpoint} endpoint.` })
  const url = secureUrl(`the ${endpoint} endpoint`, call.url, world)
  for (let attempt = 1; ; attempt++) {
    const sentAt = world.clock.now()
    const request = await make()
    let secrets: readonly string[] = []
    const dispatch = (dpop?: string): Promise<Response> => {
      const transmit: Transmit = (to, { form, ...init }) => {
        secrets = requestSecrets(init.headers, form)
        return send(world, endpoint, to, { ...init, signal, headers: { ...init.headers, ...(dpop && { dpop }) } })
      }
      return call.via?.(url.href, request, transmit) ?? transmit(url.href, request)
    }
    const { accessToken } = call
    const response = await (proof?.prove({ accessToken, method: request.method, url, send: dispatch }) ?? dispatch())
    const text = await response.clone().text()
    const failed = failure({ endpoint, response, text, now: world.clock.now(), provider, secrets })
    if (failed === undefined) return { response, text, sentAt }
    if (proof === undefined || attempt === 2 || !wantsNonce(failed)) throw failed
  }
}

function wantsNonce({ detail }: OAuthError): boolean {
  return 'error' in detail && detail.error === 'use_dpop_nonce'
}

async function authenticate(
  { server, clientId, clientAuth, world }: Parties,
  { endpoint }: Call,
  body: URLSearchParams,
  headers: Headers,
): Promise<void> {
  try {
    await clientAuth({ issuer: server.issuer, clientId, body, headers, now: world.clock.now() })
  } catch (error) {
    if (isOAuthError(error)) throw error
    const reason = `the ${endpoint} request cannot be made: the client authentication or the key does not fit.`
    throw new OAuthError('config', { reason })
  }
}

/** The request, as the provider wants it. */
function formOf(provider: Provider, { endpoint }: Call, form: URLSearchParams, headers: Headers): Outgoing {
  const quirks = quirksOf(provider, endpoint, form.get('grant_type'))
  return encoded({ ...Object.fromEntries(headers), ...quirks?.headers }, form, quirks?.encoding)
}

/** A request that posts `form`, in this encoding. */
export function encoded(
  headers: SendInit['headers'],
  form: URLSearchParams,
  encoding: RequestQuirks['encoding'],
): Outgoing {
  const json = encoding === 'json'
  const type = json ? 'application/json' : 'application/x-www-form-urlencoded;charset=UTF-8'
  const body = json ? JSON.stringify(Object.fromEntries(form)) : form
  return { method: 'POST', headers: { ...headers, 'content-type': type }, form, body }
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
