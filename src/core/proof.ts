import { calculateJwkThumbprint, exportJWK, importJWK } from 'jose'
import {
  allowInsecureRequests,
  customFetch,
  DPoP,
  generateKeyPair,
  modifyAssertion,
  protectedResourceRequest,
  WWWAuthenticateChallengeError,
} from 'oauth4webapi'

import type { Clock } from '../contracts.ts'
import { OAuthError } from '../errors.ts'
import type { Proof } from './call.ts'
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
export function generateProofKey(options: { readonly extractable: boolean }): Promise<CryptoKeyPair> {
  return generateKeyPair('ES256', options)
}

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

/**
 * A key pair in the form a JSON store can hold.
 *
 * @example
 * ```ts
 * const stored = JSON.stringify(await writeProofKey(await generateProofKey({ extractable: true })))
 * ```
 */
export async function writeProofKey(key: CryptoKeyPair): Promise<JsonWebKey> {
  return { ...(await exportJWK(key.privateKey)) } as JsonWebKey
}

/** The name of a key that a server may be told beforehand (RFC 9449 §10, RFC 7638 §3). */
export async function proofThumbprint(key: CryptoKeyPair | JsonWebKey): Promise<string> {
  const { publicKey } = await readProofKey(key)
  return calculateJwkThumbprint(await exportJWK(publicKey))
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
  const handle = DPoP({}, key, {
    [modifyAssertion]: (_header, claims) => {
      claims['iat'] = Math.floor(clock.now() / 1000)
    },
  })
  const prove: Proof['prove'] = async ({ accessToken, method, url, send, repeatable = false }) => {
    const ask = (): Promise<Response> =>
      protectedResourceRequest(accessToken, method, url, undefined, null, {
        DPoP: handle,
        [allowInsecureRequests]: true,
        [customFetch]: (_, { headers }) => send(headers['dpop'] ?? ''),
      }).catch(answerOf)
    const answer = await ask()
    if (!repeatable || answer.status !== 401 || challengeError(answer) !== 'use_dpop_nonce') return answer
    void answer.body?.cancel().catch(() => undefined)
    return ask()
  }
  return { handle, prove }
}

/** oauth4webapi throws a challenge; whoever asked may still want to read the answer. */
export function answerOf(error: unknown): Response {
  if (error instanceof WWWAuthenticateChallengeError) return error.response
  throw error
}
