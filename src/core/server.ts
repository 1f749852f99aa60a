import * as oauth from 'oauth4webapi'

import type { Provider } from '../contracts.ts'
import { OAuthError, untrustedText } from '../errors.ts'
import { endpointUrl } from './endpoint.ts'
import { getDocument } from './get-document.ts'
import { jsonMembers, stringMember } from './json.ts'
import type { JsonMembers } from './json.ts'
import { unusable } from './unusable.ts'
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

const endpointNames = [
  'authorization_endpoint',
  'token_endpoint',
  'revocation_endpoint',
  'userinfo_endpoint',
  'jwks_uri',
  'pushed_authorization_request_endpoint',
  'device_authorization_endpoint',
  'end_session_endpoint',
] as const

/**
 * Gives a provider's server: from its own row where that names the endpoints, else from the metadata
 * that its issuer publishes.
 *
 * One document is asked for, the one that `provider.discovery` names. One that belongs to another
 * issuer is not used, and no second place is tried.
 *
 * Errors: `config`, `issuer_mismatch`, `invalid_response`, and those of `send`.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8414#section-3 RFC 8414, section 3}
 */
export async function discoverServer(provider: Provider, world: World, signal?: AbortSignal): Promise<Server> {
  if (provider.endpoints !== undefined) return serverFromRow(provider, world)
  const issuer = provider.issuer
  if (issuer === undefined) {
    throw new OAuthError('config', { reason: `provider ${provider.id} has neither endpoints nor an issuer.` })
  }
  const expected = endpointUrl('issuer', issuer, world)
  if (expected.search !== '') throw new OAuthError('config', { reason: 'issuer must not contain a query.' })
  const response = await oauth.discoveryRequest(expected, {
    algorithm: provider.discovery ?? 'oidc',
    [oauth.allowInsecureRequests]: world.allowInsecureLoopback,
    [oauth.customFetch]: (url, { headers }) =>
      getDocument(provider, world, { endpoint: 'discovery', url, headers, ...(signal && { signal }) }),
  })
  const members = jsonMembers(await response.clone().text())
  // oauth4webapi compares normalised URLs, and RFC 8414 §3.3 demands identical ones; so this comes first.
  const named = stringMember(members, 'issuer')
  if (named !== undefined && named !== issuer) {
    throw new OAuthError('issuer_mismatch', { expected: issuer, received: untrustedText(named) ?? '' })
  }
  await oauth.processDiscoveryResponse(expected, response).catch((error: unknown) => {
    throw unusable('discovery', error, response.status)
  })
  return checkedServer({ ...members }, issuer, world)
}

/** Copies what we use of a metadata document, and checks each endpoint in it. */
function checkedServer(metadata: JsonMembers, issuer: string, world: World): Server {
  const rules = { allowInsecureLoopback: world.allowInsecureLoopback, namedBy: issuer }
  const endpoints: Partial<Record<(typeof endpointNames)[number], string>> = {}
  for (const name of endpointNames) {
    const value = metadata[name]
    if (value === undefined || value === null) continue
    if (typeof value !== 'string') throw new OAuthError('config', { reason: `${name} of ${issuer} is not a string.` })
    endpoints[name] = endpointUrl(name, value, rules).href
  }
  requireS256(metadata)
  const idTokenAlgorithms = metadata['id_token_signing_alg_values_supported']
  const userInfoAlgorithms = metadata['userinfo_signing_alg_values_supported']
  return {
    issuer,
    ...endpoints,
    require_pushed_authorization_requests: metadata['require_pushed_authorization_requests'] === true,
    authorization_response_iss_parameter_supported: metadata['authorization_response_iss_parameter_supported'] === true,
    // `none` and HMAC may stand in these: oauth4webapi verifies neither, whoever announces them.
    ...(isStrings(idTokenAlgorithms) && { id_token_signing_alg_values_supported: idTokenAlgorithms }),
    ...(isStrings(userInfoAlgorithms) && { userinfo_signing_alg_values_supported: userInfoAlgorithms }),
  }
}

/** A server that knows PKCE but not S256 offers an attacker the downgrade to `plain`. */
function requireS256(metadata: JsonMembers): void {
  const methods = metadata['code_challenge_methods_supported']
  if (methods === undefined || (isStrings(methods) && methods.includes('S256'))) return
  throw new OAuthError('config', { reason: 'the server does not support PKCE with S256.' })
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function serverFromRow(provider: Provider, world: World): Server {
  const { endpoints } = provider
  if (endpoints === undefined) throw new OAuthError('config', { reason: `provider ${provider.id} names no endpoints.` })
  const issuer = provider.issuer ?? endpointUrl('endpoints.token', endpoints.token, world).origin
  endpointUrl('issuer', issuer, world)
  return checkedServer(
    {
      authorization_endpoint: endpoints.authorization,
      token_endpoint: endpoints.token,
      revocation_endpoint: endpoints.revocation,
      userinfo_endpoint: endpoints.userInfo,
      jwks_uri: endpoints.jwks,
      pushed_authorization_request_endpoint: endpoints.pushedAuthorization,
      device_authorization_endpoint: endpoints.deviceAuthorization,
      end_session_endpoint: endpoints.endSession,
    },
    issuer,
    world,
  )
}
