import { compactDecrypt } from 'jose/jwe/compact/decrypt'
import { CompactEncrypt } from 'jose/jwe/compact/encrypt'

import { jsonMembers } from './json.ts'
import type { JsonMembers } from './json.ts'

/**
 * Derives a key that is good for one purpose only: what is encrypted for one opens for no other.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc5869 RFC 5869}
 */
export async function purposeKey(secret: string, purpose: readonly string[]): Promise<CryptoKey> {
  const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)
  const base = await crypto.subtle.importKey('raw', bytes(secret), 'HKDF', false, ['deriveKey'])
  const how = { name: 'HKDF', hash: 'SHA-256', salt: bytes('latchkey'), info: bytes(JSON.stringify(purpose)) }
  return crypto.subtle.deriveKey(how, base, { name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
}

/**
 * Encrypts JSON so that nobody reads or changes it without the key.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7516#section-3.1 RFC 7516, section 3.1}
 */
export function encryptJson(key: CryptoKey, members: object): Promise<string> {
  return new CompactEncrypt(new TextEncoder().encode(JSON.stringify(members)))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .encrypt(key)
}

/** The members that one of `keys` opens; `undefined` when none does, for whatever reason. */
export async function decryptJson(keys: readonly CryptoKey[], text: string): Promise<JsonMembers | undefined> {
  for (const key of keys) {
    try {
      const { plaintext } = await compactDecrypt(text, key, algorithms)
      return jsonMembers(new TextDecoder().decode(plaintext))
    } catch {
      // Another key may open it.
    }
  }
  return undefined
}

const algorithms = { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] }
