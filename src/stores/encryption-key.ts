import { OAuthError } from '../errors.ts'
import { fromBase64url } from './base64url.ts'
import { withinTime } from './within-time.ts'

/** A key of AES-256-GCM: a `CryptoKey`, its 32 bytes, or these as base64url or base64. Never a passphrase. */
export type EncryptionKey = CryptoKey | Uint8Array | string

/** One key, or several: the first encrypts, all decrypt. */
export type EncryptionKeys = EncryptionKey | readonly EncryptionKey[]

/** The longest wait for keys that somebody else must fetch, in milliseconds. */
const longestWait = 30_000

type Material = CryptoKey | Uint8Array<ArrayBuffer>

/** Gives the keys, the one that encrypts first. They are read once; a failure is forgotten, so that one may try again. */
export function keyRing(given: EncryptionKeys | (() => Promise<EncryptionKeys>)): () => Promise<readonly CryptoKey[]> {
  const read = typeof given === 'function' ? () => fetched(given) : ready(checked(given))
  let ring: Promise<readonly CryptoKey[]> | undefined
  return () => {
    ring ??= read()
      .then((materials) => Promise.all(materials.map(imported)))
      .catch((error: unknown) => {
        ring = undefined
        throw error
      })
    return ring
  }
}

function ready(materials: readonly Material[]): () => Promise<readonly Material[]> {
  return async () => materials
}

async function fetched(fetchKeys: () => Promise<EncryptionKeys>): Promise<readonly Material[]> {
  const asked = async (): Promise<EncryptionKeys> => fetchKeys()
  // The original is no cause: it may quote the key.
  const failed = (): never => {
    throw new OAuthError('store_denied', { where: 'The encryption key', reason: 'the function that gives it failed' })
  }
  return checked(await withinTime(asked().catch(failed), { what: 'the encryption key', after: longestWait }))
}

function checked(given: EncryptionKeys): readonly Material[] {
  const keys = isList(given) ? given : [given]
  if (keys.length === 0) throw new TypeError('key must not be an empty list')
  return keys.map((key, index) => material(key, index === 0))
}

function material(key: EncryptionKey, encrypts: boolean): Material {
  if (isCryptoKey(key)) return checkedCryptoKey(key, encrypts)
  const bytes = typeof key === 'string' ? fromBase64(key) : copied(key)
  if (bytes?.length === 32) return bytes
  throw new TypeError('key must be a CryptoKey, 32 bytes, or these as base64url; a passphrase is none')
}

function checkedCryptoKey(key: CryptoKey, encrypts: boolean): CryptoKey {
  const { name, length } = key.algorithm as AesKeyAlgorithm
  const usages: readonly KeyUsage[] = encrypts ? ['encrypt', 'decrypt'] : ['decrypt']
  if (name === 'AES-GCM' && length === 256 && usages.every((usage) => key.usages.includes(usage))) return key
  throw new TypeError(`A CryptoKey must be for AES-GCM with 256 bits, and allow ${usages.join(' and ')}`)
}

async function imported(material: Material): Promise<CryptoKey> {
  if (isCryptoKey(material)) return material
  return crypto.subtle.importKey('raw', material, 'AES-GCM', false, ['encrypt', 'decrypt'])
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  return fromBase64url(text.trim().replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, ''))
}

/** What the caller does with their bytes afterwards is theirs to decide. */
function copied(bytes: unknown): Uint8Array<ArrayBuffer> | undefined {
  return bytes instanceof Uint8Array ? new Uint8Array(bytes) : undefined
}

function isList(given: EncryptionKeys): given is readonly EncryptionKey[] {
  return Array.isArray(given)
}

/** Also true for the keys of another realm, such as a frame's. */
function isCryptoKey(key: unknown): key is CryptoKey {
  return typeof key === 'object' && key !== null && 'algorithm' in key && 'usages' in key
}
