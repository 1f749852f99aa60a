import { encode } from 'jose/base64url'
import { decodeProtectedHeader } from 'jose/decode/protected_header'
import { getValidatedIdTokenClaims } from 'oauth4webapi'
import type { IDToken, TokenEndpointResponse } from 'oauth4webapi'

import { OAuthError } from '../errors.ts'
import type { Parties } from './call.ts'
import { verifySignature } from './verify-signature.ts'

/** How far in the future a server's clock may be, in seconds. */
const skewAllowed = 300

/**
 * Proves an ID token that oauth4webapi has read: its signature by the issuer's published keys, and
 * the claims that oauth4webapi leaves to us. Gives its claims.
 *
 * Errors: `invalid_response`, and those of fetching the keys.
 *
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation OpenID Connect Core, section 3.1.3.7}
 */
export async function proveIdToken(parties: Parties, body: TokenEndpointResponse): Promise<IDToken | undefined> {
  const claims = getValidatedIdTokenClaims(body)
  if (claims === undefined || body.id_token === undefined) return undefined
  const { world, clientId } = parties
  await verifySignature(parties, { endpoint: 'token', jws: body.id_token })
  if (claims.sub === '') throw invalid('it names nobody.')
  if (claims.azp !== undefined && claims.azp !== clientId) throw invalid('its azp is another client.')
  if (claims.iat > world.clock.now() / 1000 + skewAllowed) throw invalid('it was issued in the future.')
  if (claims['at_hash'] !== undefined && claims['at_hash'] !== (await atHash(body.id_token, body.access_token))) {
    throw invalid('its at_hash belongs to another access token.')
  }
  return claims
}

/** That function, for those who load it only when they need it. */
export type ProveIdToken = typeof proveIdToken

/** The left half of the access token's hash, by the hash function of the ID token's signature. */
async function atHash(idToken: string, accessToken: string): Promise<string> {
  const { alg = '' } = decodeProtectedHeader(idToken)
  const bits = alg.startsWith('Ed') ? '512' : alg.slice(-3)
  if (!['256', '384', '512'].includes(bits)) throw invalid('its at_hash cannot be checked.')
  const digest = await crypto.subtle.digest(`SHA-${bits}`, new TextEncoder().encode(accessToken))
  return encode(new Uint8Array(digest.slice(0, digest.byteLength / 2)))
}

function invalid(reason: string): OAuthError {
  return new OAuthError('invalid_response', { endpoint: 'token', reason: `the ID token is not acceptable: ${reason}` })
}
