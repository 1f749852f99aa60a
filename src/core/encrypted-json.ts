import { fromBase64url, toBase64url } from './base64url.ts'
import { jsonMembers } from './json.ts'
import type { JsonMembers } from './json.ts'

/** `{"alg":"dir","enc":"A256GCM"}`: what every text here begins with, and the only thing that is opened. */
const header = 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0'

/** In bytes, as RFC 7518 §5.3 wants them. */
const [ivLength, tagLength] = [12, 16]

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)

/**
 * Derives a key that is good for one purpose only: what is encrypted for one opens for no other.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc5869 RFC 5869}
 */
export async function purposeKey(secret: string, purpose: readonly string[]): Promise<CryptoKey> {
  const base = await crypto.subtle.importKey('raw', bytes(secret), 'HKDF', false, ['deriveKey'])
  const how = { name: 'HKDF', hash: 'SHA-256', salt: bytes('latchkey'), info: bytes(JSON.stringify(purpose)) }
  return crypto.subtle.deriveKey(how, base, { name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
}

/**
 * Encrypts JSON so that nobody reads or changes it without the key: a compact JWE under a direct key.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7516#section-3.1 RFC 7516, section 3.1}
 */
export async function encryptJson(key: CryptoKey, members: object): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(ivLength))
  const sealed = new Uint8Array(await crypto.subtle.encrypt(algorithm(iv), key, bytes(JSON.stringify(members))))
  const parts = [iv, sealed.subarray(0, -tagLength), sealed.subarray(-tagLength)].map(toBase64url)
  return `${header}..${parts.join('.')}`
}

/** The members that one of `keys` opens; `undefined` when none does, for whatever reason. */
export async function decryptJson(keys: readonly CryptoKey[], text: string): Promise<JsonMembers | undefined> {
  const envelope = readEnvelope(text)
  if (envelope === undefined) return undefined
  const { iv, sealed } = envelope
  for (const key of keys) {
    try {
      return jsonMembers(new TextDecoder().decode(await crypto.subtle.decrypt(algorithm(iv), key, sealed)))
    } catch {
      // Another key may open it.
    }
  }
  return undefined
}

interface Envelope {
  readonly iv: Uint8Array<ArrayBuffer>
  /** The text and its tag behind it. */
  readonly sealed: Uint8Array<ArrayBuffer>
}

function readEnvelope(text: string): Envelope | undefined {
  const [first, wrappedKey, ...parts] = text.split('.')
  if (first !== header || wrappedKey !== '' || parts.length !== 3) return undefined
  try {
    const [iv, body, tag] = parts.map(fromBase64url)
    if (iv === undefined || body === undefined || tag === undefined) return undefined
    // Room for a whole tag: behind one of another length nothing opens.
    const sealed = new Uint8Array(body.length + tagLength)
    sealed.set(body)
    sealed.set(tag, body.length)
    return { iv, sealed }
  } catch {
    return undefined
  }
}

function algorithm(iv: Uint8Array<ArrayBuffer>): AesGcmParams {
  return { name: 'AES-GCM', iv, additionalData: bytes(header), tagLength: tagLength * 8 }
}
