import type { Provider } from '../contracts.ts'
import { anthropicShape } from './anthropic-shape.ts'
import { createAuthorizationServer } from './authorization-server.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import { githubShape } from './github-shape.ts'
import { html } from './html.ts'
import { accountClaims, chatgptShape, codexShape, issuedClientId } from './openai-shape.ts'
import type { AuthorizationServerOptions, User } from './options.ts'
import { pageAnswer } from './pages.ts'
import { answerCodexDevice, providerPlaces } from './provider-places.ts'
import type { Places } from './provider-places.ts'
import type { ProviderName, ProviderShape } from './provider-shape.ts'
import { answerTokenRequest, readFields } from './provider-tokens.ts'
import type { TokenDesk } from './provider-tokens.ts'
import { relocated } from './relocated.ts'
import type { Json, Tamper } from './tamper.ts'

/** Whose shapes the server takes, and how it behaves otherwise. */
export interface ProviderServerOptions
  extends Omit<AuthorizationServerOptions, 'paths' | 'discovery' | 'requirePar' | 'responseIss'> {
  readonly provider: ProviderName
  /** The provider's own account of whoever signs in; `''`: there is none. @default 'account-0001' */
  readonly accountId?: string
  /** Admits every loopback port where the provider admits a few, so that tests can run side by side. @default false */
  readonly anyPort?: boolean
}

/** An authorization server in a provider's shapes. */
export interface ProviderServer extends AuthorizationServer {
  /** The provider's row with all its addresses moved here. */
  relocate(row: Provider): Provider
  /** The API keys that were created, in order. */
  readonly apiKeys: readonly string[]
}

const shapes: Readonly<Record<ProviderName, ProviderShape>> = {
  anthropic: anthropicShape,
  'openai-codex': codexShape,
  'openai-chatgpt': chatgptShape,
  github: githubShape,
}

/**
 * Creates an authorization server that speaks one provider's dialect: its paths, bodies, tokens and
 * errors, as far as they are known from public sources. All of the provider's hosts are one origin here.
 *
 * @example
 * ```ts
 * const server = createProviderServer({ provider: 'anthropic' })
 * const client = createClient({ provider: server.relocate(anthropic()), fetch: server.fetch })
 * const { url } = await client.start()
 * await client.finish(await server.approve(url))
 * ```
 */
export function createProviderServer(options: ProviderServerOptions): ProviderServer {
  const { provider, accountId = 'account-0001', anyPort = false, ...behaviour } = options
  const shape = lenient(shapes[provider], anyPort)
  const origin = options.issuer ?? 'https://provider.latchkey.test'
  const users: readonly User[] = options.users ?? [{ sub: 'ada', name: 'Ada Lovelace', email: 'ada@example.com' }]
  const states = new Map<string, string>()
  const tamper: Tamper = { ...options.tamper }
  const hidden = hiddenTamper(tamper, { shape, users, accountId, states })
  const row = shape.server(origin)
  const lifetimes = { ...row.lifetimes, ...behaviour.lifetimes }
  const inner = createAuthorizationServer({ ...row, ...behaviour, issuer: origin, users, lifetimes, tamper: hidden })
  const { autoApprove = false } = behaviour
  const places: Places = { inner, shape, apiKeys: [], devices: [], autoApprove }
  const desk: TokenDesk = {
    shape,
    origin,
    users,
    accountId,
    behind: (request) => inner.fetch(request),
    entryOf: (number) => inner.history.entries.find(({ headers }) => headers['request-id'] === number),
    now: () => inner.clock.now(),
    stateOf: (code) => states.get(code),
  }
  let requests = 0
  return {
    ...inner,
    tamper,
    apiKeys: places.apiKeys,
    relocate: (given) => relocated(given, origin),
    fetch: (input, init) => {
      requests += 1
      return serveShape(
        { desk, places, authorization: row.paths?.authorization ?? '', token: row.paths?.token ?? '' },
        new Request(input, init),
        String(requests),
      )
    },
    async approve(authorizationUrl, approval) {
      const url = new URL(authorizationUrl)
      const refused = shape.refuseAuthorization?.(url.searchParams, false)
      if (refused !== undefined) throw new TypeError(`There is no way back: ${refused}`)
      return inner.approve(withIssuedClient(url), approval)
    },
    async approveDevice(userCode, approval = {}) {
      const device = places.devices.find((one) => one.userCode === userCode)
      return device === undefined ? inner.approveDevice(userCode, approval) : answerCodexDevice(inner, device, approval)
    },
  }
}

function lenient(shape: ProviderShape, anyPort: boolean): ProviderShape {
  if (!anyPort) return shape
  return { ...shape, refuseAuthorization: (params) => shape.refuseAuthorization?.(params, true) }
}

interface ShapeDesk {
  readonly desk: TokenDesk
  readonly places: Places
  readonly authorization: string
  readonly token: string
}

async function serveShape(
  { desk, places, authorization, token }: ShapeDesk,
  request: Request,
  number: string,
): Promise<Response> {
  const { shape } = desk
  const url = new URL(request.url)
  const place = providerPlaces[url.pathname]
  if (place !== undefined) return place(places, request)
  if (url.pathname === token && request.method === 'POST') return answerTokenRequest(desk, request, number)
  if (url.pathname === authorization && request.method === 'GET') {
    const refused = shape.refuseAuthorization?.(url.searchParams, false)
    if (refused !== undefined) {
      return pageAnswer({ title: 'This cannot go on', body: html`<p>${refused}</p>`, status: 400 })
    }
    return places.inner.fetch(new Request(withIssuedClient(url), request))
  }
  return places.inner.fetch(await withReadTokens(shape, request))
}

/** The server behind knows only its own tokens. */
async function withReadTokens(shape: ProviderShape, request: Request): Promise<Request> {
  const headers = new Headers(request.headers)
  const authorization = headers.get('authorization')
  const [scheme = '', token = ''] = authorization?.split(' ') ?? []
  if (authorization !== null) headers.set('authorization', `${scheme} ${shape.read(token)}`)
  if (request.method === 'GET' || request.method === 'HEAD') return new Request(request, { headers })
  const { method, signal, url } = request
  const form = await readFields(shape, request.clone())
  const given = form?.get('token') ?? undefined
  if (form === undefined || given === undefined) {
    return new Request(url, { method, headers, body: await request.text(), signal })
  }
  form.set('token', shape.read(given))
  headers.set('content-type', 'application/x-www-form-urlencoded')
  return new Request(url, { method, headers, body: String(form), signal })
}

function withIssuedClient(given: URL): URL {
  const url = new URL(given)
  if (url.searchParams.get('client_id') === 'dynamic_agent_client') url.searchParams.set('client_id', issuedClientId)
  return url
}

interface HiddenFacts {
  readonly shape: ProviderShape
  readonly users: readonly User[]
  readonly accountId: string
  readonly states: Map<string, string>
}

/** The provider's own ways, with the test's defects on top. */
function hiddenTamper(tamper: Tamper, { shape, users, accountId, states }: HiddenFacts): Tamper {
  const hidden: Tamper = {
    idTokenClaims(claims) {
      // It belongs to the access token that the server behind knows.
      const { at_hash: _, ...rest } = claims
      const email = users.find(({ sub }) => sub === claims['sub'])?.email ?? ''
      const own: Json = shape.namesAccount === true ? accountClaims({ accountId, email }) : {}
      return tamper.idTokenClaims?.({ ...rest, ...own }) ?? { ...rest, ...own }
    },
    idTokenHeader: (header) => tamper.idTokenHeader?.(header) ?? header,
    idToken: (jwt) => tamper.idToken?.(jwt) ?? jwt,
    tokenResponse: (body) => tamper.tokenResponse?.(body) ?? body,
    metadata: (document) => tamper.metadata?.(document) ?? document,
    callback(url) {
      const [code, state] = [url.searchParams.get('code'), url.searchParams.get('state')]
      if (code !== null && state !== null) states.set(code, state)
      if (shape.issuesClientId === true && code !== null) url.searchParams.set('client_id', issuedClientId)
      return tamper.callback?.(url) ?? url
    },
  }
  return hidden
}
