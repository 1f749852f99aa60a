import { base64url, CompactEncrypt, compactDecrypt, decodeProtectedHeader } from 'jose'
import { describe, expect, it } from 'vitest'

import { decryptJson, encryptJson, purposeKey } from '../../../src/core/encrypted-json.ts'

const secret = 's'.repeat(32)
const members = { account: 'ümläut ✓', expiresAt: 1 }
const keyFor = (purpose: string): Promise<CryptoKey> => purposeKey(secret, [purpose])

const byJose = (key: CryptoKey, header: { readonly alg: string; readonly enc: string }): Promise<string> =>
  new CompactEncrypt(new TextEncoder().encode(JSON.stringify(members))).setProtectedHeader(header).encrypt(key)

describe('encrypted JSON', () => {
  it('is a compact JWE that jose opens', async () => {
    const key = await keyFor('a')
    const text = await encryptJson(key, members)
    expect(decodeProtectedHeader(text)).toEqual({ alg: 'dir', enc: 'A256GCM' })
    const { plaintext } = await compactDecrypt(text, key)
    expect(JSON.parse(new TextDecoder().decode(plaintext))).toEqual(members)
  })

  it('opens what jose has encrypted', async () => {
    const key = await keyFor('a')
    expect(await decryptJson([key], await byJose(key, { alg: 'dir', enc: 'A256GCM' }))).toEqual(members)
  })

  it('is opened by any of the keys, and by none of another purpose', async () => {
    const [a, b] = await Promise.all([keyFor('a'), keyFor('b')])
    const text = await encryptJson(a, members)
    expect(await decryptJson([b, a], text)).toEqual(members)
    expect(await decryptJson([b], text)).toBeUndefined()
    expect(await decryptJson([], text)).toBeUndefined()
  })

  it('is never twice the same', async () => {
    const key = await keyFor('a')
    const texts = await Promise.all(Array.from({ length: 50 }, () => encryptJson(key, members)))
    expect(new Set(texts.map((text) => text.split('.')[2])).size).toBe(50)
  })

  it('opens with no character changed, none missing and none added', async () => {
    const key = await keyFor('a')
    const text = await encryptJson(key, members)
    // The last character of a part has bits to spare, which say nothing.
    const spare = new Set([...text].flatMap((_, at) => (text[at + 1] === '.' || at === text.length - 1 ? [at] : [])))
    for (let at = 0; at < text.length; at++) {
      const [before, after] = [text.slice(0, at), text.slice(at + 1)]
      for (const char of [text[at] === 'A' ? 'B' : 'A', '.', ' ', '+', '=', '']) {
        if (char === text[at] || (spare.has(at) && /\w/.test(char))) continue
        expect(await decryptJson([key], before + char + after), `${char} at ${at}`).toBeUndefined()
      }
      expect(await decryptJson([key], `${before}${text[at]}A${after}`), `A behind ${at}`).toBeUndefined()
    }
  })

  it('has one header, one kind of key, and a tag and an iv of full length', async () => {
    const key = await keyFor('a')
    const [header = '', , iv = '', body = '', tag = ''] = (await encryptJson(key, members)).split('.')
    const other = btoa('{"enc":"A256GCM","alg":"dir"}').replaceAll('=', '')
    const ivOf16 = 'A'.repeat(22)
    // The same bytes, divided in another way.
    const sealed = Uint8Array.of(...base64url.decode(body), ...base64url.decode(tag))
    const [longer, shorter] = [base64url.encode(sealed.subarray(0, -12)), base64url.encode(sealed.subarray(-12))]
    for (const text of [
      `${other}..${iv}.${body}.${tag}`,
      `${header}.${iv}.${iv}.${body}.${tag}`,
      `${header}..${ivOf16}.${body}.${tag}`,
      `${header}..${iv}.${longer}.${shorter}`,
      `${header}..${iv}.${body}${tag}.`,
      `${header}..${iv}.${body}.${tag}.`,
      `${header}..${iv}.${body}`,
      '....',
      '',
    ]) {
      expect(await decryptJson([key], text), text).toBeUndefined()
    }
  })

  it('holds an object, and nothing else', async () => {
    const key = await keyFor('a')
    expect(await decryptJson([key], await encryptJson(key, ['a']))).toBeUndefined()
  })
})
