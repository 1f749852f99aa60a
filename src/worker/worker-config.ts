import type { ClientOptions } from '../client/client.ts'
import { readOptions } from '../client/options.ts'
import { checkKinds, ownOptions } from '../client/own-options.ts'
import type { Kind } from '../client/own-options.ts'
import { quietly } from '../client/quietly.ts'
import { endpointUrl, parseUrl, realClock } from '../core/index.ts'
import { configError } from '../errors.ts'
import { commonHeaders } from './cross-origin.ts'
import { createProxy } from './proxy.ts'
import type { WorkerProxy } from './proxy.ts'
import { callerNames, type Common } from './proxy-headers.ts'
import type { WorkerHandlerOptions } from './worker-options.ts'

/** The options with every default in place, checked. */
export interface WorkerConfig {
  /** The public origin. */
  readonly origin: string
  readonly basePath: string
  readonly redirectUri: string
  /** Whether the answer comes to a page of the provider's, from which the person copies it. */
  readonly hosted: boolean
  readonly mode: 'bff' | 'token-mediating'
  readonly sessionLifetime: number
  readonly allowedOrigins: ReadonlySet<string>
  readonly authenticate: WorkerHandlerOptions['authenticate']
  readonly cookieSecret: WorkerHandlerOptions['cookieSecret']
  readonly proxy: WorkerProxy
  /** What every answer says. */
  readonly common: Common
  readonly onError: (error: unknown) => void
  /** What each request's client is made of. */
  readonly client: CompleteClientOptions
  readonly scopes: readonly string[]
}

/**
 * Reads the options of `createWorkerHandler`. Does no I/O.
 *
 * Errors: `TypeError` for what a compiler would have refused, `config` for what it could not know.
 */
export function readWorkerOptions(given: WorkerHandlerOptions): WorkerConfig {
  const options = ownOptions('createWorkerHandler', given)
  checkKinds(options, kinds)
  checkRequired(options)
  const { mode = 'bff', basePath = '/auth', allowedOrigins = [], sessionLifetime = 43_200_000 } = options
  const origin = readOrigin('publicUrl', options.publicUrl)
  const ownCallback = `${origin}${readBasePath(basePath)}/callback`
  const listed = new Set(allowedOrigins.map((value) => readOrigin('allowedOrigins', value)))
  const rules = options.proxy ?? []
  const common = commonHeaders(listed, callerNames(rules.flatMap(({ headers }) => headers?.response ?? [])))
  const proxy = createProxy(rules, common)
  const client = clientOptions(options, ownCallback, proxy.origins)
  const { apiOrigins, scopes } = readOptions(client)
  checkReach(proxy, apiOrigins)
  if (mode === 'token-mediating' && options.dpop === true) {
    throw configError('a token that is bound to a key of ours (dpop) is of no use to a page; use mode bff.')
  }
  return {
    origin,
    basePath,
    redirectUri: client.redirectUri,
    hosted: isHosted(client.redirectUri, ownCallback),
    mode,
    sessionLifetime: readLifetime(sessionLifetime),
    allowedOrigins: listed,
    authenticate: options.authenticate,
    cookieSecret: options.cookieSecret,
    proxy,
    common,
    onError: quietly(options.onError),
    client,
    scopes,
  }
}

type CompleteClientOptions = ClientOptions & Required<Pick<ClientOptions, Complete>>
type Complete = 'store' | 'clock' | 'fetch' | 'timeout' | 'redirectUri'

/** What each request's client is made of. Where `apiOrigins` says nothing, the proxy's rules do. */
function clientOptions(
  options: WorkerHandlerOptions,
  ownCallback: string,
  origins: readonly string[],
): CompleteClientOptions {
  const { publicUrl: _url, basePath: _path, mode: _mode, proxy: _proxy, cookieSecret: _secret, ...rest } = options
  const { sessionLifetime: _lifetime, allowedOrigins: _origins, authenticate: _who, onError: _error, ...client } = rest
  // Taken now, as createClient does.
  const taken = options.fetch ?? globalThis.fetch
  return {
    ...client,
    redirectUri: options.redirectUri ?? options.provider.redirect?.hosted ?? ownCallback,
    ...(client.apiOrigins === undefined && origins.length > 0 && { apiOrigins: origins }),
    clock: options.clock ?? realClock,
    timeout: options.timeout ?? 30_000,
    fetch: (input, init) => taken(input, init),
  }
}

function isHosted(redirectUri: string, ownCallback: string): boolean {
  if (parseUrl(redirectUri)?.origin === new URL(ownCallback).origin && redirectUri !== ownCallback) {
    throw configError(`on this server, the redirectUri is ${ownCallback}.`)
  }
  return redirectUri !== ownCallback
}

const kinds: Readonly<Record<string, Kind>> = {
  publicUrl: 'string',
  basePath: 'string',
  allowedOrigins: 'strings',
  authenticate: 'function',
  onError: 'function',
}

function checkRequired({
  publicUrl,
  store,
  clientAuth,
  cookieSecret,
  mode,
  proxy,
}: Partial<WorkerHandlerOptions>): void {
  if (publicUrl === undefined) throw new TypeError('createWorkerHandler needs a publicUrl.')
  if (store === undefined) throw new TypeError('createWorkerHandler needs a store.')
  if (cookieSecret === undefined) throw new TypeError('createWorkerHandler needs a cookieSecret.')
  if (proxy !== undefined && !Array.isArray(proxy)) throw new TypeError('proxy must be an array of rules.')
  if (mode !== undefined && mode !== 'bff' && mode !== 'token-mediating') {
    throw configError('mode must be bff or token-mediating.')
  }
  if (clientAuth === undefined) {
    throw configError('clientAuth is missing. A server can keep a secret; say none() if the provider gives you none.')
  }
}

function readOrigin(name: string, value: string): string {
  const url = endpointUrl(name, value, { allowInsecureLoopback: true })
  if (url.pathname === '/' && url.search === '') return url.origin
  throw configError(`${name} must be an origin, without a path.`)
}

function readBasePath(basePath: string): string {
  if (/^(\/[\w-][\w.-]*)+$/.test(basePath)) return basePath
  throw configError('basePath must be a path such as /auth, without a slash at its end.')
}

function readLifetime(sessionLifetime: number): number {
  // Browsers keep no cookie for more than 400 days.
  if (Number.isFinite(sessionLifetime) && sessionLifetime >= 1000 && sessionLifetime <= 400 * 86_400_000) {
    return sessionLifetime
  }
  throw configError('sessionLifetime must be a number of milliseconds, from a second to 400 days.')
}

function checkReach({ origins }: WorkerProxy, apiOrigins: ReadonlySet<string>): void {
  const beyond = origins.find((origin) => !apiOrigins.has(origin))
  if (beyond !== undefined) throw configError(`proxy leads to ${beyond}, which is not among apiOrigins.`)
}
