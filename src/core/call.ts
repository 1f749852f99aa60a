import { allowInsecureRequests, clockSkew, customFetch } from 'oauth4webapi'
import type { AuthorizationServer, Client, ClientAuth as WireAuth, CustomFetchOptions, DPoPHandle } from 'oauth4webapi'

import type { ClientAuth, RequestDialect, Provider, RequestQuirks } from '../contracts.ts'
import { OAuthError } from '../errors.ts'
import { skew } from './client-auth.ts'
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
  readonly proof?: DPoPHandle
}

/** One request to the server. */
export interface Call {
  /** A role for messages: `'token'`, `'revocation'`, … */
  readonly endpoint: string
  readonly signal?: AbortSignal
  /** Fields added by the provider's quirks, by name. */
  readonly extra?: Readonly<Record<string, string>>
  /** Speaks with a server that does not know this request. */
  readonly dialect?: RequestDialect | undefined
}

/** What oauth4webapi's request functions take, with our `fetch` in them. */
export interface WireOptions {
  readonly [customFetch]: (url: string, options: CustomFetchOptions<string, unknown>) => Promise<Response>
  readonly [allowInsecureRequests]: boolean
  readonly DPoP?: DPoPHandle
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
  { endpoint, signal, extra, dialect }: Call,
  request: (options: WireOptions) => Promise<Response>,
): Promise<Answer> {
  const { world, provider, proof } = parties
  let secrets: readonly string[] = []
  const dispatch = (url: string, init: SendInit, form: URLSearchParams | undefined): Promise<Response> => {
    secrets = requestSecrets(init.headers, form)
    return send(world, endpoint, url, { ...init, ...(signal && { signal }) })
  }
  const options: WireOptions = {
    [customFetch]: (url, init) => {
      const form = formOf(init)
      if (dialect === undefined || form === undefined) {
        return dispatch(url, wireInit(provider, endpoint, init, extra), form)
      }
      return dialect(url, form, (to, fields, encoding) => {
        const body = new URLSearchParams(fields)
        return dispatch(to, encoded(init, body, encoding), body)
      })
    },
    [allowInsecureRequests]: world.allowInsecureLoopback,
    ...(proof && { DPoP: proof }),
  }
  for (let attempt = 1; ; attempt++) {
    const sentAt = world.clock.now()
    const response = await request(options).catch((error: unknown) => {
      throw requestRefused(endpoint, error)
    })
    const text = await response.clone().text()
    const failed = failure({ endpoint, response, text, now: world.clock.now(), provider, secrets })
    if (failed === undefined) return { response, text, sentAt }
    const wantsNonce =
      failed.code === 'authorization_failed' && 'error' in failed.detail && failed.detail.error === 'use_dpop_nonce'
    if (!wantsNonce || proof === undefined || attempt === 2) throw failed
  }
}

/** The parties in oauth4webapi's words. */
export function wire(parties: Parties): { server: AuthorizationServer; client: Client; auth: WireAuth } {
  const { server, clientId, clientAuth, world } = parties
  return {
    server: server as AuthorizationServer,
    client: { client_id: clientId, [clockSkew]: skew(world.clock.now()) },
    auth: (_server, _client, body, headers) =>
      clientAuth({ issuer: server.issuer, clientId, body, headers, now: world.clock.now() }),
  }
}

function wireInit(
  provider: Provider,
  endpoint: string,
  init: CustomFetchOptions<string, unknown>,
  extra: Readonly<Record<string, string>> | undefined,
): SendInit {
  const body = formOf(init)
  if (body === undefined) return { method: init.method, headers: init.headers }
  if (endpoint === 'token') for (const [name, value] of Object.entries(extra ?? {})) body.set(name, value)
  const quirks = quirksOf(provider, endpoint, body)
  return encoded({ ...init, headers: { ...init.headers, ...quirks?.headers } }, body, quirks?.encoding)
}

function encoded(
  { method, headers }: Pick<SendInit, 'method' | 'headers'>,
  body: URLSearchParams,
  encoding: RequestQuirks['encoding'],
): SendInit {
  if (encoding !== 'json') return { method, headers, body }
  const json = JSON.stringify(Object.fromEntries(body))
  return { method, headers: { ...headers, 'content-type': 'application/json' }, body: json }
}

function quirksOf(
  { tokenRequest, revocationRequest }: Provider,
  endpoint: string,
  body: URLSearchParams,
): RequestQuirks | undefined {
  if (endpoint === 'revocation') return revocationRequest
  if (endpoint !== 'token') return undefined
  return body.get('grant_type') === 'refresh_token' ? (tokenRequest?.refresh ?? tokenRequest) : tokenRequest
}

function formOf({ body }: CustomFetchOptions<string, unknown>): URLSearchParams | undefined {
  return body instanceof URLSearchParams ? body : undefined
}

/** What oauth4webapi throws before it sends anything is about the configuration. */
function requestRefused(endpoint: string, error: unknown): OAuthError {
  if (error instanceof OAuthError) return error
  const code = (error as { code?: unknown } | undefined)?.code
  if (code === 'OAUTH_MISSING_SERVER_METADATA') {
    return new OAuthError('unsupported', { what: `the server names no ${endpoint} endpoint.` })
  }
  const why =
    code === 'OAUTH_HTTP_REQUEST_FORBIDDEN'
      ? 'it would not be sent over https.'
      : 'the client authentication or the key does not fit.'
  return new OAuthError('config', { reason: `the ${endpoint} request cannot be made: ${why}` })
}
