import { discoveryRequest, processDiscoveryResponse } from 'oauth4webapi'

import type { Provider } from '../contracts.ts'
import { configError, OAuthError, untrustedText } from '../errors.ts'
import { endpointUrl } from './endpoint-url.ts'
import { jsonMembers, stringMember } from './json.ts'
import type { JsonMembers } from './json.ts'
import { endpointNames } from './server.ts'
import type { Server } from './server.ts'
import { unusable } from './unusable.ts'
import { documentFetch } from './wire.ts'
import type { World } from './world.ts'

/** Asks an issuer for its metadata: one document, the one that `provider.discovery` names. */
export async function fetchServer(
  provider: Provider & { readonly issuer: string },
  world: World,
  signal?: AbortSignal,
): Promise<Server> {
  const { issuer } = provider
  const expected = endpointUrl('issuer', issuer, world)
  if (expected.search !== '') throw configError('issuer must not contain a query.')
  const response = await discoveryRequest(expected, {
    algorithm: provider.discovery ?? 'oidc',
    ...documentFetch({ provider, world }, 'discovery', signal),
  })
  const members = jsonMembers(await response.text())
  // oauth4webapi compares normalised URLs, and RFC 8414 §3.3 demands identical ones; so this comes first.
  const named = stringMember(members, 'issuer')
  if (named !== undefined && named !== issuer) {
    throw new OAuthError('issuer_mismatch', { expected: issuer, received: untrustedText(named) ?? '' })
  }
  await processDiscoveryResponse(expected, response).catch((error: unknown) => {
    throw unusable('discovery', error, response.status)
  })
  return checkedServer({ ...members }, issuer, world)
}

/** Copies what we use of a metadata document, and checks each endpoint in it. */
function checkedServer(metadata: JsonMembers, issuer: string, world: World): Server {
  const rules = { allowInsecureLoopback: world.allowInsecureLoopback, namedBy: issuer }
  const endpoints: Record<string, string> = {}
  for (const name of Object.values(endpointNames)) {
    const value = metadata[name]
    if (value === undefined || value === null) continue
    if (typeof value !== 'string') throw configError(`${name} of ${issuer} is not a string.`)
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
  throw configError('the server does not support PKCE with S256.')
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}
