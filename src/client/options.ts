import type { ClientAuth, ClientEvent, Provider, Store, TransactionStore } from '../contracts.ts'
import { checkResource } from '../core/authorize.ts'
import { parseUrl, secureUrl } from '../core/endpoint.ts'
import { none } from '../core/none.ts'
import { realClock } from '../core/world.ts'
import type { World } from '../core/world.ts'
import { configError } from '../errors.ts'
import type { Policy } from '../lifecycle/decide.ts'
import { memoryTransactions } from '../stores/memory-transactions.ts'
import { memoryStore } from '../stores/memory.ts'
import { acceptLostSessions } from './client.ts'
import type { ClientOptions } from './client.ts'
import { guardedStore, guardedTransactions } from './guarded-store.ts'
import { checkKinds, holds, ownOptions } from './own-options.ts'
import type { Kind } from './own-options.ts'
import { quietly } from './quietly.ts'
import { readProvider } from './read-provider.ts'

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
export function readOptions(given: ClientOptions): Config {
  const options = ownOptions('createClient', given)
  checkKinds(options, kinds)
  const world = readWorld(options)
  const provider = readProvider(options.provider, world)
  const { store = memoryStore(), transactions = memoryTransactions(world) } = options
  checkMethods('store', store, ['get', 'update', 'keys', 'lock'])
  checkMethods('transactions', transactions, ['put', 'take'])
  refuseLosingSessions(store, provider, options)
  const clientId = readClientId(provider, options.clientId)
  const resource = checkResource(options.resource ?? provider.resource)
  const durations = readDurations(options)
  const bounds = { clock: world.clock, timeout: Math.min(longest, world.timeout + durations.lockTimeout) }
  return {
    provider,
    clientId,
    clientAuth: options.clientAuth ?? none(),
    redirectUri: readRedirectUri(options.redirectUri ?? provider.redirect?.hosted),
    scopes: readScopes(options.scopes ?? provider.scopes ?? []),
    resource,
    store: guardedStore(store),
    transactions: guardedTransactions(transactions, bounds),
    slot: slotName(provider.id, options.account),
    world,
    policy: readPolicy(provider, clientId, options.refreshBefore),
    ...durations,
    apiOrigins: readOrigins(options.apiOrigins ?? provider.apiOrigins, resource, world),
    dpop: options.dpop ?? false,
    pushedAuthorization: options.pushedAuthorization ?? false,
    onEvent: quietly(options.onEvent),
  }
}

const kinds: Readonly<Record<string, Kind>> = {
  clientId: 'string',
  clientAuth: 'function',
  redirectUri: 'string',
  scopes: 'strings',
  resource: 'string',
  account: 'string',
  fetch: 'function',
  apiOrigins: 'strings',
  dpop: 'boolean',
  pushedAuthorization: 'boolean',
  allowInsecureLoopback: 'boolean',
  onEvent: 'function',
}

function checkMethods(name: string, value: object, methods: readonly string[]): void {
  const members = Object(value) as Readonly<Record<string, unknown>>
  const missing = methods.find((method) => !holds(() => typeof members[method] === 'function'))
  if (missing !== undefined) throw new TypeError(`${name} must be an object with a method ${missing}.`)
}

function readClientId(provider: Provider, clientId = provider.clientId): string {
  if (clientId !== undefined && clientId !== '') return clientId
  throw configError(`provider ${provider.id} needs a clientId.`)
}

/** Checks a redirect URI. Errors: `config` for one that is not absolute. */
export function readRedirectUri(redirectUri: string | undefined): string | undefined {
  if (redirectUri === undefined || parseUrl(redirectUri) !== undefined) return redirectUri
  throw configError('redirectUri is not an absolute URL.')
}

/** Copies scopes; one that holds a space would be two. */
export function readScopes(scopes: readonly string[]): readonly string[] {
  for (const scope of scopes) {
    if (!/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope))
      throw configError('a scope must be one word of visible ASCII characters.')
  }
  return [...scopes]
}

function slotName(provider: string, account = 'default'): string {
  if (account === '' || account.length > 200) throw configError('account must have 1 to 200 characters.')
  return account === 'default' ? provider : `${provider}@${account}`
}

function readWorld({ fetch, clock = realClock, timeout, allowInsecureLoopback }: ClientOptions): World {
  // Taken now, so that a script that comes later cannot put its own in between.
  const taken = fetch ?? globalThis.fetch
  if (typeof taken !== 'function') throw new TypeError('There is no fetch here; give one to createClient.')
  checkMethods('clock', clock, ['now', 'sleep'])
  return {
    fetch: (input, init) => taken(input, init),
    clock,
    timeout: duration('timeout', timeout, { otherwise: 30_000, least: 1 }),
    allowInsecureLoopback: allowInsecureLoopback ?? false,
  }
}

function readPolicy(provider: Provider, clientId: string, refreshBefore: number | undefined): Policy {
  const { issuer, endpoints, rotation = 'unknown', readClientId: issuesIds } = provider
  const before = duration('refreshBefore', refreshBefore, { otherwise: 300_000, least: 0 })
  let share: number | undefined
  return {
    rotation,
    // Spread a little, so that clients that signed in together do not refresh together. Drawn late:
    // Workers have no randomness while a module is being loaded.
    get refreshBefore() {
      share ??= 0.8 + spread() / 5
      return before * share
    },
    issuer: issuer ?? new URL(endpoints?.token ?? '').origin,
    ...(issuesIds === undefined && { clientId }),
  }
}

function spread(): number {
  const [value = 0] = crypto.getRandomValues(new Uint8Array(1))
  return value / 255
}

function readDurations(options: ClientOptions): Pick<Config, 'lockTimeout' | 'transactionTimeout'> {
  return {
    lockTimeout: duration('lockTimeout', options.lockTimeout, { otherwise: 30_000, least: 0 }),
    transactionTimeout: duration('transactionTimeout', options.transactionTimeout, { otherwise: 600_000, least: 1 }),
  }
}

/** The longest that a timer can wait, in milliseconds: with more it fires at once. */
export const longest: number = 2 ** 31 - 1

/** Reads a time that somebody shall wait. Errors: `config` for one that a timer would not keep. */
export function duration(
  name: string,
  value: number | undefined,
  { otherwise, least }: { readonly otherwise: number; readonly least: number },
): number {
  if (value === undefined) return otherwise
  if (typeof value === 'number' && value >= least && value <= longest) return value
  throw configError(`${name} must be a number of milliseconds between ${least} and ${longest}.`)
}

function readOrigins(
  given: readonly string[] | undefined,
  resource: string | undefined,
  world: World,
): ReadonlySet<string> {
  if (given !== undefined) return new Set(given.map((origin) => readOrigin(origin, world)))
  // A resource may also be a name, such as a URN, which has no origin.
  return new Set(
    resource !== undefined && /^https?:/i.test(resource) ? [secureUrl('resource', resource, world).origin] : [],
  )
}

function readOrigin(value: string, world: World): string {
  const url = secureUrl('apiOrigins', value, world)
  if (url.pathname === '/' && url.search === '') return url.origin
  // Whoever writes a path here may believe that it limits anything.
  throw configError('apiOrigins must be origins, without a path.')
}

/** Two refreshes at once are certain without an indivisible `update`, and where tokens rotate they end the session. */
function refuseLosingSessions(store: Store, provider: Provider, options: ClientOptions): void {
  if (store.consistency === 'atomic' || provider.rotation === 'none' || options[acceptLostSessions] === true) return
  throw configError(
    `this store cannot update indivisibly, and refresh tokens of ${provider.id} rotate: sessions would be lost. ` +
      'Use a store that can (on Workers a Durable Object, or KV with one as its coordinator), or accept the loss with ' +
      'the acceptLostSessions key.',
  )
}
