import { describe, expect, it } from 'vitest'
import type { Store, StoredRecord } from '../../../src/contracts.ts'
import { isOAuthError } from '../../../src/errors.ts'
import { encryptedStore, type EncryptionKey } from '../../../src/stores/encrypted.ts'
import { memoryStore } from '../../../src/stores/memory.ts'
import { storeContract } from '../../contracts/store.ts'

const secrets = { accessToken: 'SECRET-ACCESS', refreshToken: 'SECRET-REFRESH', idToken: 'SECRET-ID' }
const record: StoredRecord = { tokens: { ...secrets, tokenType: 'Bearer', expiresAt: 5 }, issuer: 'https://id.example' }
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

const newKey = (): Uint8Array => crypto.getRandomValues(new Uint8Array(32))

storeContract('encrypted, over memory', async () => {
  const inner = memoryStore()
  const key = newKey()
  return {
    store: encryptedStore(inner, { key }),
    again: async () => encryptedStore(inner, { key }),
    destroy: async () => undefined,
  }
})

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'it resolved',
    (error: unknown) => (isOAuthError(error) ? error.code : error),
  )
}

/** What the wrapped store holds. */
async function inside(inner: Store, slot = 'slot'): Promise<StoredRecord> {
  const sealed = await inner.get(slot)
  if (sealed === undefined) throw new Error('nothing is stored')
  return sealed
}

async function put(inner: Store, sealed: StoredRecord, slot = 'slot'): Promise<void> {
  await inner.update(slot, () => sealed)
}

const withEnvelope = (sealed: StoredRecord, accessToken: string): StoredRecord => ({
  ...sealed,
  tokens: { ...sealed.tokens, accessToken },
})

describe('an encrypted store', () => {
  it('shows the wrapped store nothing of a record, and never writes the same twice', async () => {
    const inner = memoryStore()
    const store = encryptedStore(inner, { key: newKey() })
    const seen = new Set<string>()
    for (let round = 0; round < 20; round += 1) {
      await store.update('slot', () => ({ ...record }))
      const sealed = await inside(inner)
      expect(Object.keys(sealed)).toEqual(['tokens'])
      expect(Object.keys(sealed.tokens)).toEqual(['accessToken', 'tokenType'])
      expect(JSON.stringify(sealed)).not.toMatch(/SECRET|example/)
      seen.add(sealed.tokens.accessToken.slice(0, 26))
    }
    expect(seen.size).toBe(20)
  })

  it('refuses an envelope with any one character changed, cut or added, and leaves it as it is', async () => {
    const inner = memoryStore()
    const store = encryptedStore(inner, { key: newKey() })
    await store.update('slot', () => ({ tokens: { accessToken: 'at', tokenType: 'Bearer' } }))
    const sealed = await inside(inner)
    const text = sealed.tokens.accessToken
    const forged = [text.slice(0, -1), `${text}A`, `${text}=`, text.slice(0, 10), text.slice(0, 26), `${text}\n`]
    for (let at = 0; at < text.length; at += 1) {
      // All bits of the last characters, where some say nothing; one bit of the others.
      for (const bit of at > text.length - 3 ? [1, 2, 4, 8, 16, 32] : [1 << (at % 6)]) {
        const char = alphabet[alphabet.indexOf(text.charAt(at)) ^ bit] ?? 'A'
        forged.push(text.slice(0, at) + char + text.slice(at + 1))
      }
    }
    for (const envelope of forged) {
      const bad = withEnvelope(sealed, envelope)
      await put(inner, bad)
      let asked = false
      const change = (): StoredRecord => {
        asked = true
        return record
      }
      expect(await failure(store.get('slot'))).toBe('store_corrupt')
      expect(await failure(store.update('slot', change))).toBe('store_corrupt')
      expect(asked).toBe(false)
      expect(await inner.get('slot')).toEqual(bad)
    }
  })

  it('refuses to remove what it cannot read', async () => {
    const inner = memoryStore()
    await encryptedStore(inner, { key: newKey() }).update('slot', () => record)
    expect(await failure(encryptedStore(inner, { key: newKey() }).update('slot', () => undefined))).toBe(
      'store_corrupt',
    )
    expect(await inner.get('slot')).toBeDefined()
  })

  it('refuses a record that was moved to another account, or sealed with another key', async () => {
    const inner = memoryStore()
    const store = encryptedStore(inner, { key: newKey() })
    await store.update('provider@a', () => record)
    await store.update('provider@b', () => record)
    const [a, b] = [await inside(inner, 'provider@a'), await inside(inner, 'provider@b')]
    await put(inner, a, 'provider@b')
    await put(inner, b, 'provider@a')
    expect(await failure(store.get('provider@a'))).toBe('store_corrupt')
    expect(await failure(store.get('provider@b'))).toBe('store_corrupt')
    await put(inner, b, 'provider@b')
    expect(await store.get('provider@b')).toEqual(record)
    expect(await failure(encryptedStore(inner, { key: newKey() }).get('provider@b'))).toBe('store_corrupt')
  })

  it('refuses an envelope with anything in clear beside it', async () => {
    const inner = memoryStore()
    const store = encryptedStore(inner, { key: newKey(), adoptPlaintext: true })
    await store.update('slot', () => record)
    const sealed = await inside(inner)
    const beside: readonly StoredRecord[] = [
      { ...sealed, issuer: 'https://evil.example' },
      { ...sealed, account: { accountId: 'other' } },
      { ...sealed, proofKey: { kty: 'EC' } },
      { ...sealed, tokens: { ...sealed.tokens, refreshToken: 'planted' } },
      { ...sealed, tokens: { ...sealed.tokens, tokenType: 'DPoP' } },
    ]
    for (const planted of beside) {
      await put(inner, planted)
      expect(await failure(store.get('slot'))).toBe('store_corrupt')
    }
  })

  it('refuses a record in clear, unless it was told to adopt it, and then encrypts it with its next write', async () => {
    const inner = memoryStore()
    const key = newKey()
    await put(inner, record)
    const strict = encryptedStore(inner, { key })
    expect(await failure(strict.get('slot'))).toBe('store_corrupt')
    expect(await failure(strict.update('slot', () => record))).toBe('store_corrupt')
    const adopting = encryptedStore(inner, { key, adoptPlaintext: true })
    expect(await adopting.get('slot')).toEqual(record)
    await adopting.update('slot', (current) => current && { ...current, clientId: 'c' })
    expect(JSON.stringify(await inner.get('slot'))).not.toContain('SECRET')
    expect(await strict.get('slot')).toEqual({ ...record, clientId: 'c' })
  })

  it('writes nothing when a change gives what it was given', async () => {
    const inner = memoryStore()
    const store = encryptedStore(inner, { key: newKey() })
    await store.update('slot', () => record)
    const before = await inside(inner)
    expect(await store.update('slot', (current) => current)).toEqual(record)
    expect(await inner.get('slot')).toBe(before)
  })

  it('asks a change again when somebody wrote while it was encrypting', async () => {
    const inner = memoryStore()
    const key = newKey()
    const rival = encryptedStore(inner, { key })
    let overtaken = false
    const slow: Store = {
      ...inner,
      update: async (slot, change) => {
        if (!overtaken) {
          overtaken = true
          await rival.update(slot, () => ({ tokens: { accessToken: 'theirs', tokenType: 'Bearer' } }))
        }
        return inner.update(slot, change)
      },
    }
    const seen: unknown[] = []
    await encryptedStore(slow, { key }).update('slot', (current) => {
      seen.push(current?.tokens.accessToken)
      return record
    })
    expect(seen).toEqual([undefined, 'theirs'])
    expect(await rival.get('slot')).toEqual(record)
  })

  it('never takes over a refresh token that changed hands meanwhile: the identity is compared in clear', async () => {
    const inner = memoryStore()
    const key = newKey()
    const [ours, theirs] = [encryptedStore(inner, { key }), encryptedStore(inner, { key })]
    await ours.update('slot', () => record)
    const swap = (name: string) => (current: StoredRecord | undefined) =>
      current?.tokens.refreshToken === secrets.refreshToken
        ? { ...current, tokens: { ...current.tokens, refreshToken: name } }
        : current
    const outcomes = await Promise.all([ours.update('slot', swap('one')), theirs.update('slot', swap('two'))])
    const stored = await ours.get('slot')
    expect(['one', 'two']).toContain(stored?.tokens.refreshToken)
    expect(outcomes).toEqual([stored, stored])
  })

  it('says nothing of a record in an error', async () => {
    const inner = memoryStore()
    await put(inner, record)
    const error: unknown = await encryptedStore(inner, { key: newKey() })
      .get('slot')
      .catch((caught: unknown) => caught)
    expect(isOAuthError(error)).toBe(true)
    expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain('SECRET')
  })

  it('is as atomic, as solitary and as watchful as the store it wraps', () => {
    const { watch: _, ...blind } = memoryStore()
    const store = encryptedStore({ ...blind, consistency: 'eventual', solitary: false }, { key: newKey() })
    expect([store.consistency, store.solitary, store.watch]).toEqual(['eventual', false, undefined])
    expect(encryptedStore(memoryStore(), { key: newKey() }).solitary).toBe(true)
  })
})

describe('the key of an encrypted store', () => {
  const base64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes))
  const webKey = (usages: readonly KeyUsage[], name = 'AES-GCM', length = 256): Promise<CryptoKey> =>
    crypto.subtle.generateKey({ name, length }, false, usages) as Promise<CryptoKey>

  it('may be bytes, base64url, base64, a CryptoKey, or a function that gives one of them', async () => {
    const inner = memoryStore()
    const bytes = newKey()
    const text = base64(bytes)
    const imported = await crypto.subtle.importKey('raw', new Uint8Array(bytes), 'AES-GCM', false, [
      'encrypt',
      'decrypt',
    ])
    await encryptedStore(inner, { key: bytes }).update('slot', () => record)
    const same: readonly EncryptionKey[] = [
      bytes,
      text,
      `${text}\n`,
      text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', ''),
      imported,
    ]
    for (const key of same) {
      expect(await encryptedStore(inner, { key }).get('slot')).toEqual(record)
      expect(await encryptedStore(inner, { key: async () => key }).get('slot')).toEqual(record)
    }
  })

  it('is replaced by putting a new one first: all are read with the old, and move with their next write', async () => {
    const inner = memoryStore()
    const [old, fresh] = [newKey(), newKey()]
    await encryptedStore(inner, { key: old }).update('slot', () => record)
    const both = encryptedStore(inner, { key: [fresh, old] })
    expect(await both.get('slot')).toEqual(record)
    await both.update('slot', (current) => current && { ...current })
    expect(await encryptedStore(inner, { key: fresh }).get('slot')).toEqual(record)
    expect(await failure(encryptedStore(inner, { key: old }).get('slot'))).toBe('store_corrupt')
  })

  it('is refused at once when it is none', async () => {
    const wrong: readonly unknown[] = [
      undefined,
      '',
      'correct horse battery staple',
      new Uint8Array(16),
      new Uint8Array(33),
      'ab'.repeat(32),
      [],
      [newKey(), 'x'],
      {},
      await webKey(['encrypt', 'decrypt'], 'AES-GCM', 128),
      await webKey(['encrypt', 'decrypt'], 'AES-CBC'),
      await webKey(['decrypt']),
    ]
    for (const key of wrong) {
      expect(() => encryptedStore(memoryStore(), { key: key as EncryptionKey })).toThrow(TypeError)
    }
    const decrypts = await webKey(['decrypt'])
    expect(() => encryptedStore(memoryStore(), { key: [newKey(), decrypts] })).not.toThrow()
  })

  it('is the one it was when it was given', async () => {
    const inner = memoryStore()
    const key = newKey()
    const kept = new Uint8Array(key)
    const store = encryptedStore(inner, { key })
    key.fill(0)
    await store.update('slot', () => record)
    expect(await encryptedStore(inner, { key: kept }).get('slot')).toEqual(record)
  })

  it('is fetched once, when it is first needed, and again after a failure, of which nothing is told', async () => {
    const key = newKey()
    let asked = 0
    const store = encryptedStore(memoryStore(), {
      key: async () => {
        asked += 1
        if (asked === 1) throw new Error('SECRET')
        return key
      },
    })
    expect(asked).toBe(0)
    const error: unknown = await store.update('slot', () => record).catch((caught: unknown) => caught)
    expect(isOAuthError(error) && error.code).toBe('store_denied')
    expect(`${String(error)} ${JSON.stringify(error)} ${String((error as Error).cause)}`).not.toContain('SECRET')
    await Promise.all(['a', 'b', 'c'].map((slot) => store.update(slot, () => record)))
    expect(await store.get('b')).toEqual(record)
    expect(asked).toBe(2)
  })
})

describe('a proof key in an encrypted store', () => {
  const newPair = (extractable = false): Promise<CryptoKeyPair> =>
    crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, extractable, ['sign', 'verify'])

  it('lies beside the envelope as it is where the wrapped store keeps keys, and cannot be exchanged', async () => {
    const inner = memoryStore()
    const store = encryptedStore(inner, { key: newKey() })
    const proofKey = await newPair()
    expect(store.keepsKeys).toBe(true)
    expect(await store.update('slot', () => ({ ...record, proofKey }))).toEqual({ ...record, proofKey })
    const read = await store.get('slot')
    expect(read?.proofKey).toBeDefined()
    expect(read?.proofKey && 'privateKey' in read.proofKey && read.proofKey.privateKey).toBe(proofKey.privateKey)
    const sealed = await inside(inner)
    const { proofKey: _, ...bare } = sealed
    await put(inner, { ...sealed, proofKey: await newPair() })
    expect(await failure(store.get('slot'))).toBe('store_corrupt')
    await put(inner, bare)
    expect(await failure(store.get('slot'))).toBe('store_corrupt')
  })

  it('is sealed as a JWK where it does not, and a key pair is refused there', async () => {
    const { keepsKeys: _, ...inner } = memoryStore()
    const store = encryptedStore(inner, { key: newKey() })
    const pair = await newPair(true)
    const proofKey = await crypto.subtle.exportKey('jwk', pair.privateKey)
    await store.update('slot', () => ({ ...record, proofKey }))
    expect((await store.get('slot'))?.proofKey).toEqual(proofKey)
    expect(Object.keys(await inside(inner))).toEqual(['tokens'])
    expect(await failure(store.update('slot', () => ({ ...record, proofKey: pair })))).toBeInstanceOf(TypeError)
  })
})
