import type { ClientAuth, ClientEvent, Clock, Provider, Store, TransactionStore } from '../contracts.ts'
import { endpointUrl, none, realClock } from '../core/index.ts'
import type { World } from '../core/index.ts'
import { OAuthError } from '../errors.ts'
import type { Policy } from '../lifecycle/decide.ts'
import { memoryTransactions } from '../stores/memory-transactions.ts'
import { memoryStore } from '../stores/memory.ts'
import { acceptLostSessions } from './client.ts'
import type { ClientOptions } from './client.ts'

/** The options with every default in place, checked. */
export interface Config {
  readonly provider: Provider
  readonly clientId: string
  readonly clientAuth: ClientAuth
  readonly redirectUri: string | undefined
  readonly scopes: readonly string[]
  readonly resource: string | undefined
  readonly store: Store
  readonly transactions: TransactionStore
  /** The store key of the account slot. */
  readonly slot: string
  readonly world: World
  readonly policy: Policy
  readonly lockTimeout: number
  readonly transactionTimeout: number
  readonly apiOrigins: ReadonlySet<string>
  readonly dpop: boolean
  readonly pushedAuthorization: boolean
  readonly onEvent: (event: ClientEvent) => void
}

/**
 * Reads the options of `createClient`. Does no I/O.
 *
 * Errors: `TypeError` for what a compiler would have refused, `config` for what it could not know.
 */
export function readOptions(options: ClientOptions): Config {
  const { provider, clientAuth = none(), store = memoryStore(), dpop = false, pushedAuthorization = false } = options
  checkProvider(provider)
  refuseLosingSessions(store, provider, options)
  const clientId = readClientId(options)
  const clock = options.clock ?? realClock
  const world = readWorld(options, clock)
  const resource = options.resource ?? provider.resource
  return {
    provider,
    clientId,
    clientAuth,
    redirectUri: options.redirectUri ?? provider.redirect?.hosted,
    scopes: readScopes(options.scopes ?? provider.scopes ?? []),
    resource,
    store,
    transactions: options.transactions ?? memoryTransactions({ clock }),
    slot: slotName(provider.id, options.account),
    world,
    policy: readPolicy(options, clientId, world),
    ...readDurations(options),
    apiOrigins: readOrigins(options, resource, world),
    dpop,
    pushedAuthorization,
    onEvent: quietly(options.onEvent),
  }
}

function readClientId({ provider, clientId = provider.clientId }: ClientOptions): string {
  if (clientId !== undefined && clientId !== '') return clientId
  throw config(`provider ${provider.id} needs a clientId.`)
}

/** Copies scopes; one that holds a space would be two. */
export function readScopes(scopes: readonly string[]): readonly string[] {
  for (const scope of scopes) {
    if (!/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope))
      throw config('a scope must be one word of visible ASCII characters.')
  }
  return [...scopes]
}

function checkProvider(provider: Provider): void {
  if (typeof provider !== 'object' || provider === null || typeof provider.id !== 'string') {
    throw new TypeError('createClient needs a provider, for example oidc({ issuer }).')
  }
  if (!/^[A-Za-z0-9._-]{1,200}$/.test(provider.id)) {
    throw config('provider.id may hold letters, digits, dots, underscores and hyphens only.')
  }
}

function slotName(provider: string, account = 'default'): string {
  if (account === '' || account.length > 200) throw config('account must have 1 to 200 characters.')
  return account === 'default' ? provider : `${provider}@${account}`
}

function readWorld({ fetch, timeout, allowInsecureLoopback }: ClientOptions, clock: Clock): World {
  // Taken now, so that a script that comes later cannot put its own in between.
  const taken = fetch ?? globalThis.fetch
  return {
    fetch: (input, init) => taken(input, init),
    clock,
    timeout: duration('timeout', timeout, 30_000),
    allowInsecureLoopback: allowInsecureLoopback ?? false,
  }
}

function readPolicy({ provider, refreshBefore }: ClientOptions, clientId: string, world: World): Policy {
  const { issuer, endpoints, rotation = 'unknown', readClientId } = provider
  if (issuer === undefined && endpoints === undefined) {
    throw config(`provider ${provider.id} needs an issuer or endpoints.`)
  }
  return {
    rotation,
    // Spread a little, so that clients that signed in together do not refresh together.
    refreshBefore: duration('refreshBefore', refreshBefore, 300_000) * (0.8 + spread() / 5),
    issuer: issuer ?? endpointUrl('endpoints.token', endpoints?.token ?? '', world).origin,
    ...(readClientId === undefined && { clientId }),
  }
}

function spread(): number {
  const [value = 0] = crypto.getRandomValues(new Uint8Array(1))
  return value / 255
}

function readDurations(options: ClientOptions): Pick<Config, 'lockTimeout' | 'transactionTimeout'> {
  return {
    lockTimeout: duration('lockTimeout', options.lockTimeout, 30_000),
    transactionTimeout: duration('transactionTimeout', options.transactionTimeout, 600_000),
  }
}

/** The longest that a timer can wait, in milliseconds. */
const longest = 2 ** 31 - 1

function duration(name: string, value: number | undefined, otherwise: number): number {
  if (value === undefined) return otherwise
  if (typeof value === 'number' && value >= 0 && value <= longest) return value
  throw config(`${name} must be a number of milliseconds between 0 and ${longest}.`)
}

function readOrigins(options: ClientOptions, resource: string | undefined, world: World): ReadonlySet<string> {
  const origins = options.apiOrigins ?? options.provider.apiOrigins ?? (resource === undefined ? [] : [resource])
  return new Set(origins.map((origin) => endpointUrl('apiOrigins', origin, world).origin))
}

/** Two refreshes at once are certain without an indivisible `update`, and where tokens rotate they end the session. */
function refuseLosingSessions(store: Store, provider: Provider, options: ClientOptions): void {
  if (store.consistency === 'atomic' || provider.rotation === 'none' || options[acceptLostSessions] === true) return
  throw config(
    `this store cannot update indivisibly, and refresh tokens of ${provider.id} rotate: sessions would be lost. ` +
      'Use a store that can (on Workers a Durable Object, or KV with one as its coordinator), or accept the loss with ' +
      'the acceptLostSessions key.',
  )
}

function quietly(listener: ClientOptions['onEvent']): (event: ClientEvent) => void {
  return (event) => {
    try {
      listener?.(event)
    } catch {
      // A listener's mistake is not a reason to lose a token.
    }
  }
}

function config(reason: string): OAuthError {
  return new OAuthError('config', { reason })
}
