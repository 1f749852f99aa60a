import { encode } from 'jose/base64url'

import type { Clock } from '../contracts.ts'
import { OAuthError } from '../errors.ts'
import type { Proof, ProvenRequest } from './call.ts'
import { challengeError } from './challenge-error.ts'

/**
 * Makes a key for DPoP. It cannot be extracted, unless it must be written down as a JWK.
 *
 * @example
 * ```ts
 * const key = await generateProofKey({ extractable: false })
 * ```
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9449 RFC 9449}
 */
export function generateProofKey({ extractable }: { readonly extractable: boolean }): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(curve, extractable, ['sign', 'verify'])
}

/** ES256 (RFC 7518 §3.4), which every server that speaks DPoP takes. */
const curve = { name: 'ECDSA', namedCurve: 'P-256' }
const algorithm = { name: 'ECDSA', hash: 'SHA-256' }

/**
 * The key pair that a record holds in either form.
 *
 * @example
 * ```ts
 * const key = await readProofKey(JSON.parse(stored))
 * ```
 */
export async function readProofKey(key: CryptoKeyPair | JsonWebKey): Promise<CryptoKeyPair> {
  if ('privateKey' in key) return isPair(key) ? key : unreadable()
  const jwk = publicMembers(key)
  try {
    return {
      privateKey: await crypto.subtle.importKey('jwk', { ...jwk, d: key.d ?? '' }, curve, false, ['sign']),
      publicKey: await crypto.subtle.importKey('jwk', jwk, curve, true, ['verify']),
    }
  } catch {
    return unreadable()
  }
}

/** What a public key is made of, in the order by which its thumbprint is taken (RFC 7638 §3.2). */
function publicMembers({ crv, kty, x, y }: JsonWebKey): JsonWebKey {
  return { crv, kty, x, y } as JsonWebKey
}

/** What went through JSON has members, but no keys in them. */
function isPair({ privateKey, publicKey }: CryptoKeyPair): boolean {
  return privateKey instanceof CryptoKey && publicKey instanceof CryptoKey
}

function unreadable(): never {
  throw new OAuthError('store_corrupt', { where: 'the record', reason: 'its DPoP key cannot be read.' })
}

/**
 * A key pair in the form a JSON store can hold.
 *
 * @example
 * ```ts
 * const stored = JSON.stringify(await writeProofKey(await generateProofKey({ extractable: true })))
 * ```
 */
export async function writeProofKey(key: CryptoKeyPair): Promise<JsonWebKey> {
  const jwk = await crypto.subtle.exportKey('jwk', key.privateKey)
  return { ...publicMembers(jwk), d: jwk.d ?? '' }
}

/** The name of a key that a server may be told beforehand (RFC 9449 §10, RFC 7638 §3). */
export async function proofThumbprint(key: CryptoKeyPair | JsonWebKey): Promise<string> {
  return hash(JSON.stringify(await publicJwk(await readProofKey(key))))
}

async function publicJwk({ publicKey }: CryptoKeyPair): Promise<JsonWebKey> {
  return publicMembers(await crypto.subtle.exportKey('jwk', publicKey))
}

/**
 * Makes the prover for a key.
 *
 * @example
 * ```ts
 * const parties = { provider, server, world, clientId, clientAuth, proof: createProof(key, world.clock) }
 * ```
 */
export function createProof(key: CryptoKeyPair, clock: Clock): Proof {
  const nonces = new Map<string, string>()
  let jwk: JsonWebKey | undefined
  async function ask({ method, url, accessToken, send }: ProvenRequest): Promise<Response> {
    const { origin, pathname } = url
    jwk ??= await publicJwk(key)
    const claims = {
      htm: method,
      htu: origin + pathname,
      iat: Math.floor(clock.now() / 1000),
      jti: encode(crypto.getRandomValues(new Uint8Array(32))),
      nonce: nonces.get(origin),
      ath: accessToken === undefined ? undefined : await hash(accessToken),
    }
    const answer = await send(await sign(key, { alg: 'ES256', typ: 'dpop+jwt', jwk }, claims))
    const nonce = answer.headers.get('dpop-nonce')
    if (nonce) keep(nonces, origin, nonce)
    return answer
  }
  return {
    async prove(request) {
      const answer = await ask(request)
      if (!request.repeatable || answer.status !== 401 || challengeError(answer) !== 'use_dpop_nonce') return answer
      void answer.body?.cancel().catch(() => undefined)
      return ask(request)
    },
  }
}

/** A JWS in its compact form (RFC 7515 §5.1). */
async function sign(
  { privateKey }: CryptoKeyPair,
  ...parts: readonly [header: object, claims: object]
): Promise<string> {
  const input = parts.map((part) => encode(encoder.encode(JSON.stringify(part)))).join('.')
  const signature = await crypto.subtle.sign(algorithm, privateKey, encoder.encode(input))
  return `${input}.${encode(new Uint8Array(signature))}`
}

async function hash(text: string): Promise<string> {
  return encode(new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(text))))
}

const encoder = new TextEncoder()

/** The newest nonces of so many origins are kept. */
const most = 100

function keep(nonces: Map<string, string>, origin: string, nonce: string): void {
  nonces.delete(origin)
  nonces.set(origin, nonce)
  const [oldest] = nonces.keys()
  if (nonces.size > most && oldest !== undefined) nonces.delete(oldest)
}
