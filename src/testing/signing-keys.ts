import { calculateJwkThumbprint, exportJWK, exportSPKI, generateKeyPair } from 'jose'
import type { JWK } from 'jose'

/** A key pair in use, and its public face. */
export interface SigningKey {
  readonly alg: 'ES256' | 'RS256'
  readonly privateKey: CryptoKey
  readonly publicKey: CryptoKey
  readonly jwk: JWK & { readonly kid: string }
  /** The public key in PEM: what a confused verifier would take for an HMAC secret. */
  readonly pem: string
}

/** The keys of the server. Nothing is generated before it is asked for. */
export interface SigningKeys {
  /** Signs from now on. */
  current(): Promise<SigningKey>
  /** All that are published, the current one first. */
  published(): Promise<readonly SigningKey[]>
  /** Puts a new key in front. `keep: false` withdraws all others at once. */
  rotate(options?: { readonly keep?: boolean }): Promise<void>
}

/** Gives keys for `alg`. */
export function createSigningKeys(alg: 'ES256' | 'RS256'): SigningKeys {
  let keys: Promise<readonly SigningKey[]> | undefined
  const published = (): Promise<readonly SigningKey[]> => (keys ??= generate(alg).then((key) => [key]))
  return {
    published,
    async current() {
      const [first] = await published()
      if (first === undefined) throw new Error('There is always one key.')
      return first
    },
    async rotate({ keep = true } = {}) {
      const before = await published()
      const fresh = await generate(alg)
      keys = Promise.resolve(keep ? [fresh, ...before] : [fresh])
    },
  }
}

async function generate(alg: SigningKey['alg']): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: false })
  const bare = await exportJWK(publicKey)
  const jwk = { ...bare, kid: await calculateJwkThumbprint(bare), use: 'sig', alg }
  return { alg, privateKey, publicKey, jwk, pem: await exportSPKI(publicKey) }
}
