import { base64url, decodeProtectedHeader } from 'jose'
import {
  getValidatedIdTokenClaims,
  processAuthorizationCodeResponse,
  processRefreshTokenResponse,
  validateApplicationLevelSignature,
} from 'oauth4webapi'
import type { IDToken, TokenEndpointResponse } from 'oauth4webapi'

import type { Transaction } from '../contracts.ts'
import { OAuthError } from '../errors.ts'
import type { Answer, Parties } from './call.ts'
import type { JsonMembers } from './json.ts'
import { unusable } from './unusable.ts'
import { documentFetch, wire } from './wire.ts'

/** How far in the future a server's clock may be, in seconds. */
const skewAllowed = 300

/** What was asked of an ID token when the person was sent away. */
export type AskedOfIdToken = Pick<Transaction, 'nonce' | 'maxAge'>

/**
 * Proves the ID token in a token answer: its claims, and its signature by the issuer's published keys.
 * Gives its claims; there must be one where a nonce or an age was asked for.
 *
 * The keys are fetched once, kept for five minutes, and fetched again for an unknown key at most once
 * a minute.
 *
 * Errors: `invalid_response`, and those of fetching the keys.
 *
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation OpenID Connect Core, section 3.1.3.7}
 */
export async function proveIdToken(
  parties: Parties,
  answer: Answer,
  members: JsonMembers,
  asked?: AskedOfIdToken,
): Promise<IDToken | undefined> {
  const { status } = answer.response
  const judged = knownMembers(answer, members, asked)
  try {
    const body = await read(parties, judged, asked)
    const claims = getValidatedIdTokenClaims(body)
    if (claims === undefined) return undefined
    if (parties.server.jwks_uri === undefined) {
      throw invalid('its signature cannot be checked: the server publishes no keys.')
    }
    await validateApplicationLevelSignature(wire(parties).server, judged, documentFetch(parties, 'jwks'))
    await checkClaims(parties, claims, body)
    return claims
  } catch (error) {
    throw unusable('token', error, status)
  }
}

function read(parties: Parties, judged: Response, asked: AskedOfIdToken | undefined): Promise<TokenEndpointResponse> {
  const { server, client } = wire(parties)
  if (asked === undefined) return processRefreshTokenResponse(server, client, judged)
  const { nonce, maxAge } = asked
  return processAuthorizationCodeResponse(server, client, judged, {
    ...(nonce !== undefined && { expectedNonce: nonce, requireIdToken: true }),
    ...(maxAge !== undefined && { maxAge }),
  })
}

/** The claims that oauth4webapi leaves to us. */
async function checkClaims({ clientId, world }: Parties, claims: IDToken, body: TokenEndpointResponse): Promise<void> {
  if (claims.sub === '') throw invalid('it names nobody.')
  if (claims.azp !== undefined && claims.azp !== clientId) throw invalid('its azp is another client.')
  if (claims.iat > world.clock.now() / 1000 + skewAllowed) throw invalid('it was issued in the future.')
  if (claims['at_hash'] === undefined || body.id_token === undefined) return
  if (claims['at_hash'] !== (await atHash(body.id_token, body.access_token))) {
    throw invalid('its at_hash belongs to another access token.')
  }
}

/** The members of a token answer that we and oauth4webapi read. */
const known = ['access_token', 'token_type', 'expires_in', 'refresh_token', 'scope', 'id_token'] as const

/**
 * The same answer with only what we know in it, `null` and an empty refresh token being nothing, for
 * oauth4webapi to judge. An ID token that nobody asked for is none.
 */
function knownMembers(answer: Answer, members: JsonMembers, asked: AskedOfIdToken | undefined): Response {
  const picked: Record<string, unknown> = {}
  for (const name of known) {
    const value = members[name]
    if (value === undefined || value === null) continue
    if (name === 'refresh_token' && value === '') continue
    if (name === 'id_token' && asked !== undefined && asked.nonce === undefined) continue
    picked[name] = value
  }
  const { status, headers } = answer.response
  return new Response(JSON.stringify(picked), { status, headers })
}

/** The left half of the access token's hash, by the hash function of the ID token's signature. */
async function atHash(idToken: string, accessToken: string): Promise<string> {
  const { alg = '' } = decodeProtectedHeader(idToken)
  const bits = alg.startsWith('Ed') ? '512' : alg.slice(-3)
  if (!['256', '384', '512'].includes(bits)) throw invalid('its at_hash cannot be checked.')
  const digest = await crypto.subtle.digest(`SHA-${bits}`, new TextEncoder().encode(accessToken))
  return base64url.encode(new Uint8Array(digest.slice(0, digest.byteLength / 2)))
}

function invalid(reason: string): OAuthError {
  return new OAuthError('invalid_response', { endpoint: 'token', reason: `the ID token is not acceptable: ${reason}` })
}
