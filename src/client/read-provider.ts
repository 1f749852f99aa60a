import type { Provider } from '../contracts.ts'
import { secureUrl } from '../core/endpoint.ts'
import type { World } from '../core/world.ts'
import { serverFromRow } from '../core/server.ts'
import { configError } from '../errors.ts'
import { checkKinds } from './own-options.ts'
import type { Kind } from './own-options.ts'

/**
 * Copies a provider's row and checks what is in it.
 *
 * Throws a `TypeError` for what a compiler would have refused, `config` for what it could not know.
 */
export function readProvider(given: Provider, world: Pick<World, 'allowInsecureLoopback'>): Provider {
  const provider = copied(given)
  if (typeof provider !== 'object' || provider === null || typeof provider.id !== 'string') {
    throw new TypeError('createClient needs a provider, for example oidc({ issuer }).')
  }
  if (!/^[A-Za-z0-9._-]{1,200}$/.test(provider.id)) {
    throw configError('provider.id may hold letters, digits, dots, underscores and hyphens only.')
  }
  checkKinds(provider, kinds, 'provider.')
  checkServer(provider, world)
  return provider
}

const kinds: Readonly<Record<string, Kind>> = {
  name: 'string',
  issuer: 'string',
  endpoints: 'texts',
  clientId: 'string',
  redirect: 'object',
  scopes: 'strings',
  resource: 'string',
  authorizationParams: 'texts',
  apiOrigins: 'strings',
  apiHeaders: 'texts',
  apiListHeaders: 'texts',
  accountHeader: 'string',
  tokenRequest: 'object',
  revocationRequest: 'object',
  scopeSeparator: 'string',
  terminalErrors: 'strings',
  readError: 'function',
  readAccount: 'function',
  readClientId: 'function',
  beginDeviceLogin: 'function',
  pollDeviceLogin: 'function',
}

function checkServer(provider: Provider, world: Pick<World, 'allowInsecureLoopback'>): void {
  const { id, issuer, endpoints, rotation = 'unknown', discovery = 'oidc' } = provider
  if (!rotations.includes(rotation)) throw configError(`provider.rotation must be one of ${rotations.join(', ')}.`)
  if (discovery !== 'oidc' && discovery !== 'oauth2') throw configError('provider.discovery must be oidc or oauth2.')
  if (issuer === undefined && endpoints === undefined) throw configError(`provider ${id} needs an issuer or endpoints.`)
  if (issuer !== undefined) secureUrl('provider.issuer', issuer, world)
  if (endpoints === undefined) return
  if (endpoints.token === undefined) throw new TypeError('provider.endpoints.token must be a string.')
  serverFromRow(provider, endpoints, world)
}

const rotations = ['none', 'grace', 'until-first-use', 'strict', 'unknown']

function copied(provider: Provider): Provider {
  try {
    return copy(provider, 0) as Provider
  } catch {
    throw new TypeError('The provider cannot be read.')
  }
}

/** A frozen copy of a row of data. Functions stay as they are. */
function copy(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (depth > 8) throw new TypeError('A row of data is not so deep.')
  if (Array.isArray(value)) return Object.freeze(value.map((item) => copy(item, depth + 1)))
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  return Object.freeze(Object.fromEntries(entries.map(([name, item]) => [name, copy(item, depth + 1)])))
}
