import { exportJWK, importJWK } from 'jose'
import {
  allowInsecureRequests,
  calculatePKCECodeChallenge,
  customFetch,
  DPoP,
  generateKeyPair,
  modifyAssertion,
  protectedResourceRequest,
  WWWAuthenticateChallengeError,
} from 'oauth4webapi'
import type { DPoPHandle } from 'oauth4webapi'

import type { Clock } from '../contracts.ts'
import { OAuthError } from '../errors.ts'

/** Proves possession of a key with each request, and remembers each server's newest nonce. */
export type Proof = DPoPHandle

/**
 * Makes a key for DPoP. It cannot be extracted, unless it must be written down as a JWK.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9449 RFC 9449}
 */
export function generateProofKey(options: { readonly extractable: boolean }): Promise<CryptoKeyPair> {
  return generateKeyPair('ES256', options)
}

/** The key pair that a record holds in either form. */
export async function readProofKey(key: CryptoKeyPair | JsonWebKey): Promise<CryptoKeyPair> {
  if ('privateKey' in key) return isPair(key) ? key : unreadable()
  const { d: _, ...rest } = key
  const privateKey = await importJWK({ ...key, alg: 'ES256' }).catch(() => undefined)
  const publicKey = await importJWK({ ...rest, key_ops: ['verify'], alg: 'ES256' }, 'ES256', {
    extractable: true,
  }).catch(() => undefined)
  if (privateKey instanceof CryptoKey && privateKey.type === 'private' && publicKey instanceof CryptoKey) {
    return { privateKey, publicKey }
  }
  return unreadable()
}

/** What went through JSON has members, but no keys in them. */
function isPair({ privateKey, publicKey }: CryptoKeyPair): boolean {
  return privateKey instanceof CryptoKey && publicKey instanceof CryptoKey
}

function unreadable(): never {
  throw new OAuthError('store_corrupt', { where: 'the record', reason: 'its DPoP key cannot be read.' })
}

/** A key pair in the form a JSON store can hold. */
export async function writeProofKey(key: CryptoKeyPair): Promise<JsonWebKey> {
  return { ...(await exportJWK(key.privateKey)) } as JsonWebKey
}

/** The name of a key that a server may be told beforehand (RFC 9449 §10, RFC 7638 §3). */
export async function proofThumbprint(key: CryptoKeyPair | JsonWebKey): Promise<string> {
  const { publicKey } = await readProofKey(key)
  const { crv, kty, x, y } = await crypto.subtle.exportKey('jwk', publicKey)
  // An S256 code challenge is the SHA-256 of a text in base64url.
  return calculatePKCECodeChallenge(JSON.stringify({ crv, kty, x, y }))
}

/** Makes the prover for a key. */
export function createProof(key: CryptoKeyPair, clock: Clock): Proof {
  return DPoP({}, key, {
    [modifyAssertion]: (_header, claims) => {
      claims['iat'] = Math.floor(clock.now() / 1000)
    },
  })
}

/** One request to a resource server. */
export interface ProvenRequest {
  readonly accessToken: string
  readonly method: string
  readonly url: URL
  /** Sends the request with this `DPoP` header. */
  readonly send: (header: string) => Promise<Response>
}

/**
 * Makes a request with a fresh proof, and keeps the nonce that its answer brings.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9449#section-7 RFC 9449, section 7}
 */
export function withProof(proof: Proof, { accessToken, method, url, send }: ProvenRequest): Promise<Response> {
  return protectedResourceRequest(accessToken, method, url, undefined, null, {
    DPoP: proof,
    [allowInsecureRequests]: true,
    [customFetch]: (_, { headers }) => send(headers['dpop'] ?? ''),
  }).catch(answerOf)
}

/** oauth4webapi throws a challenge; whoever asked may still want to read the answer. */
export function answerOf(error: unknown): Response {
  if (error instanceof WWWAuthenticateChallengeError) return error.response
  throw error
}
