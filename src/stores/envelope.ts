import { fromBase64url, toBase64url } from './base64url.ts'

/** How every envelope begins: what it is, and its version. */
export const envelopePrefix = 'latchkey1.'

/** NIST SP 800-38D §8.2.2: 96 random bits, new for each encryption. */
const ivLength = 12

/**
 * Encrypts with AES-256-GCM.
 *
 * @param context What the text belongs to: an envelope opens only where the same is said again.
 */
export async function seal(key: CryptoKey, text: string, context: readonly unknown[]): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(ivLength))
  const sealed = await crypto.subtle.encrypt(algorithm(iv, context), key, new TextEncoder().encode(text))
  const bytes = new Uint8Array(ivLength + sealed.byteLength)
  bytes.set(iv)
  bytes.set(new Uint8Array(sealed), ivLength)
  return envelopePrefix + toBase64url(bytes)
}

/** The text of an envelope; `undefined` when none of the keys opens it, for whatever reason. */
export async function unseal(
  keys: readonly CryptoKey[],
  envelope: string,
  context: readonly unknown[],
): Promise<string | undefined> {
  if (!envelope.startsWith(envelopePrefix)) return undefined
  const bytes = fromBase64url(envelope.slice(envelopePrefix.length))
  if (bytes === undefined) return undefined
  const [iv, sealed] = [bytes.slice(0, ivLength), bytes.slice(ivLength)]
  for (const key of keys) {
    try {
      return new TextDecoder().decode(await crypto.subtle.decrypt(algorithm(iv, context), key, sealed))
    } catch {
      // Another key may open it.
    }
  }
  return undefined
}

function algorithm(iv: Uint8Array<ArrayBuffer>, context: readonly unknown[]): AesGcmParams {
  const additionalData = new TextEncoder().encode(JSON.stringify([envelopePrefix, ...context]))
  return { name: 'AES-GCM', iv, additionalData }
}
