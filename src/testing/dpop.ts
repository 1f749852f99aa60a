import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from 'jose'
import type { JWTPayload } from 'jose'
import type { Call, Context } from './context.ts'
import type { NonceIssuer } from './proof-nonces.ts'
import { sha256 } from './random.ts'
import { refuse } from './refusal.ts'

/** Where a proof is shown, and for which token. */
export interface ProofPlace {
  readonly issuer: NonceIssuer
  readonly status: 400 | 401
  readonly accessToken?: string
}

/** The signature algorithms that proofs may use. */
export const proofAlgorithms: readonly string[] = ['ES256', 'ES384', 'RS256', 'PS256', 'EdDSA', 'Ed25519']

/** How far a proof's `iat` may be from the server's clock, in milliseconds. */
const tolerance = 300_000

/**
 * Checks the DPoP proof of a request, if it has one, and gives the thumbprint of its key.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9449#section-4.3 RFC 9449, section 4.3}
 */
export async function proofThumbprint(context: Context, call: Call, place: ProofPlace): Promise<string | undefined> {
  const proof = call.request.headers.get('dpop')
  if (context.settings.dpop === 'off') return undefined
  if (proof === null) {
    return context.settings.dpop === 'required' ? invalid(context, place, 'A DPoP proof is required.') : undefined
  }
  const verified = await jwtVerify(proof, EmbeddedJWK, {
    typ: 'dpop+jwt',
    algorithms: [...proofAlgorithms],
    // The times are checked below, against both sides.
    currentDate: new Date(context.clock.now()),
  }).catch(() => undefined)
  const jwk = verified?.protectedHeader.jwk
  if (verified === undefined || jwk === undefined) return invalid(context, place, 'The DPoP proof does not verify.')
  const defect = await claimsDefect(context, call, { claims: verified.payload, place })
  if (defect !== undefined) return invalid(context, place, defect)
  if (!context.nonces.accept(place.issuer, verified.payload['nonce'])) return wantNonce(context, place)
  return calculateJwkThumbprint(jwk)
}

async function claimsDefect(
  { clock, ledger, settings }: Context,
  { request, url }: Call,
  { claims, place }: { readonly claims: JWTPayload; readonly place: ProofPlace },
): Promise<string | undefined> {
  const target = new URL(url.pathname, settings.origin).href
  if (claims['htm'] !== request.method) return 'htm is not the method.'
  if (claims['htu'] !== target) return 'htu is not the URL.'
  if (Math.abs((claims.iat ?? 0) * 1000 - clock.now()) > tolerance) return 'iat is too far away.'
  if (place.accessToken !== undefined && claims['ath'] !== (await sha256(place.accessToken))) {
    return 'ath is not of the access token.'
  }
  if (claims.jti === undefined || ledger.seen.has(`dpop ${claims.jti}`)) return 'jti is missing or was seen before.'
  ledger.seen.add(`dpop ${claims.jti}`)
  return undefined
}

function invalid(context: Context, place: ProofPlace, description: string): never {
  return refuse('invalid_dpop_proof', description, { status: place.status, headers: proofHeaders(context, place) })
}

function wantNonce(context: Context, place: ProofPlace): never {
  return refuse('use_dpop_nonce', 'The DPoP proof must carry a nonce of this server.', {
    status: place.status,
    headers: proofHeaders(context, place, 'use_dpop_nonce'),
  })
}

function proofHeaders(context: Context, place: ProofPlace, error = 'invalid_dpop_proof'): Record<string, string> {
  const nonce = context.nonces.offer(place.issuer)
  return {
    ...(nonce !== undefined && { 'dpop-nonce': nonce }),
    ...(place.status === 401 && { 'www-authenticate': `DPoP error="${error}", algs="${proofAlgorithms.join(' ')}"` }),
  }
}
