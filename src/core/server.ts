import type { Provider, ProviderEndpoints } from '../contracts.ts'
import { configError } from '../errors.ts'
import { secureUrl } from './endpoint.ts'
import type { Secure } from './endpoint.ts'
import { loaded } from './loaded.ts'
import type { World } from './world.ts'

/** A server's metadata (RFC 8414), every endpoint of it checked. */
export interface Server {
  readonly issuer: string
  readonly authorization_endpoint?: string
  readonly token_endpoint?: string
  readonly revocation_endpoint?: string
  readonly userinfo_endpoint?: string
  readonly jwks_uri?: string
  readonly pushed_authorization_request_endpoint?: string
  readonly device_authorization_endpoint?: string
  readonly end_session_endpoint?: string
  readonly require_pushed_authorization_requests?: boolean
  readonly authorization_response_iss_parameter_supported?: boolean
  readonly id_token_signing_alg_values_supported?: string[]
  readonly userinfo_signing_alg_values_supported?: string[]
}

/** What a provider's row calls the endpoints, and what metadata calls them. */
export const endpointNames = {
  authorization: 'authorization_endpoint',
  token: 'token_endpoint',
  revocation: 'revocation_endpoint',
  userInfo: 'userinfo_endpoint',
  jwks: 'jwks_uri',
  pushedAuthorization: 'pushed_authorization_request_endpoint',
  deviceAuthorization: 'device_authorization_endpoint',
  endSession: 'end_session_endpoint',
} as const

/**
 * Gives a provider's server: from its own row where that names the endpoints, else from the metadata
 * that its issuer publishes.
 *
 * One document is asked for, the one that `provider.discovery` names. One that belongs to another
 * issuer is not used, and no second place is tried.
 *
 * Errors: `config`, `issuer_mismatch`, `invalid_response`, and those of `send`.
 *
 * @example
 * ```ts
 * const server = await discoverServer(oidc({ issuer: 'https://id.example.com' }), world)
 * ```
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8414#section-3 RFC 8414, section 3}
 */
export async function discoverServer(provider: Provider, world: World, signal?: AbortSignal): Promise<Server> {
  if (provider.endpoints !== undefined) return serverFromRow(provider, provider.endpoints, world)
  const { issuer } = provider
  if (issuer === undefined) {
    throw configError(`provider ${provider.id} has neither endpoints nor an issuer.`)
  }
  const { fetchServer } = await loaded(import('./optional.ts'), world)
  return fetchServer({ ...provider, issuer }, world, signal)
}

/** The server whose endpoints a provider's row names. */
export function serverFromRow({ issuer }: Provider, endpoints: ProviderEndpoints, world: Secure): Server {
  const found: Partial<Record<(typeof endpointNames)[keyof ProviderEndpoints], string>> = {}
  for (const [name, url] of Object.entries(endpoints)) {
    const known = endpointNames[name as keyof ProviderEndpoints]
    found[known] = secureUrl(`provider.endpoints.${name}`, url, world).href
  }
  if (issuer !== undefined) secureUrl('provider.issuer', issuer, world)
  return { issuer: issuer ?? new URL(endpoints.token).origin, ...found }
}
