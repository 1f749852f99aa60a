import { empty, json } from './answers.ts'
import type { Call, Context } from './context.ts'
import { proofAlgorithms } from './dpop.ts'
import type { Json } from './tamper.ts'

/** Both metadata documents (RFC 8414; OpenID Connect Discovery 1.0). */
export function metadataEndpoint(context: Context, { url }: Call): Response {
  const { discovery, metadata } = context.settings
  const which = `${context.settings.origin}${url.pathname}` === metadata.oauth ? 'oauth' : 'openid'
  if (!discovery.includes(which)) return empty(404)
  const document = describe(context)
  return json(context.tamper.metadata?.(document) ?? document)
}

/** The public keys. */
export async function jwksEndpoint({ keys }: Context): Promise<Response> {
  return json({ keys: (await keys.published()).map(({ jwk }) => jwk) })
}

function describe({ settings }: Context): Json {
  const { endpoints } = settings
  const authMethods = ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt']
  const algorithms = ['ES256', 'RS256', 'EdDSA']
  return {
    issuer: settings.issuer,
    authorization_endpoint: endpoints.authorization,
    pushed_authorization_request_endpoint: endpoints.pushedAuthorization,
    require_pushed_authorization_requests: settings.requirePar,
    token_endpoint: endpoints.token,
    token_endpoint_auth_methods_supported: authMethods,
    token_endpoint_auth_signing_alg_values_supported: algorithms,
    revocation_endpoint: endpoints.revocation,
    revocation_endpoint_auth_methods_supported: authMethods,
    revocation_endpoint_auth_signing_alg_values_supported: algorithms,
    userinfo_endpoint: endpoints.userInfo,
    jwks_uri: endpoints.jwks,
    device_authorization_endpoint: endpoints.deviceAuthorization,
    end_session_endpoint: endpoints.endSession,
    scopes_supported: settings.scopes,
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: [
      'authorization_code',
      'refresh_token',
      'client_credentials',
      'urn:ietf:params:oauth:grant-type:device_code',
    ],
    code_challenge_methods_supported: ['S256'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [settings.idTokenAlg],
    claims_supported: ['iss', 'sub', 'aud', 'exp', 'iat', 'auth_time', 'nonce', 'at_hash', 'sid', 'name', 'email'],
    ...(settings.responseIss === 'announced' && { authorization_response_iss_parameter_supported: true }),
    ...(settings.dpop !== 'off' && { dpop_signing_alg_values_supported: proofAlgorithms }),
  }
}
