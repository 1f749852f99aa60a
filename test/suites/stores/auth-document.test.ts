import { describe, expect, it } from 'vitest'
import type { StoredRecord } from '../../../src/contracts.ts'
import { isOAuthError } from '../../../src/errors.ts'
import { authDocument } from '../../../src/stores/auth-document.ts'

const record: StoredRecord = { tokens: { accessToken: 'at', tokenType: 'Bearer', refreshToken: 'rt', expiresAt: 5 } }

/** What a strict reader of the other side demands of an OAuth entry. */
function piAccepts(entry: Record<string, unknown>): boolean {
  return (
    entry['type'] === 'oauth' &&
    typeof entry['refresh'] === 'string' &&
    typeof entry['access'] === 'string' &&
    Number.isFinite(entry['expires'])
  )
}

function failure(task: () => unknown): unknown {
  try {
    return task()
  } catch (error) {
    return isOAuthError(error) ? error.code : error
  }
}

describe('an auth.json', () => {
  it('begins as Pi would write it', () => {
    const { text } = authDocument('', 'auth.json').with('anthropic', record)
    expect(text).toBe(
      JSON.stringify({ anthropic: { type: 'oauth', refresh: 'rt', access: 'at', expires: 5 } }, undefined, 2),
    )
  })

  it('grows as Pi would write it', () => {
    const first = { openai: { type: 'api_key', key: 'k' } }
    const { text } = authDocument(JSON.stringify(first, undefined, 2), 'auth.json').with('anthropic', record)
    expect(text).toBe(
      JSON.stringify({ ...first, anthropic: { type: 'oauth', refresh: 'rt', access: 'at', expires: 5 } }, undefined, 2),
    )
  })

  it('stays on one line when it was on one line', () => {
    const { text } = authDocument('{"a":{"type":"api_key"}}', 'auth.json').with('b', record)
    expect(text).toBe('{"a":{"type":"api_key"},"b":{"type":"oauth","refresh":"rt","access":"at","expires":5}}')
  })

  it('is read as Pi wrote it', () => {
    const entry = { type: 'oauth', refresh: 'rt', access: 'at', expires: 1_700_000_000_000, accountId: 'acc' }
    expect(authDocument(JSON.stringify({ 'openai-codex': entry }), 'auth.json').get('openai-codex')).toEqual({
      tokens: { accessToken: 'at', tokenType: 'Bearer', refreshToken: 'rt', expiresAt: 1_700_000_000_000 },
      account: { accountId: 'acc' },
    })
  })

  it('says unknown expiry and no refresh token in a way that a strict reader accepts, and reads both back', () => {
    const bare: StoredRecord = { tokens: { accessToken: 'at', tokenType: 'Bearer' } }
    const written = authDocument('{}', 'auth.json').with('a', bare)
    expect(piAccepts(JSON.parse(written.text).a)).toBe(true)
    expect(written.record).toEqual(bare)
    const odd = { tokens: { ...bare.tokens, expiresAt: Number.NaN } }
    expect(piAccepts(JSON.parse(authDocument('{}', 'auth.json').with('a', odd).text).a)).toBe(true)
  })

  it('takes over the account that Pi signed in to since', () => {
    const { text } = authDocument('{}', 'auth.json').with('a', { ...record, account: { accountId: 'old', name: 'n' } })
    const entries = JSON.parse(text)
    entries.a.accountId = 'new'
    expect(authDocument(JSON.stringify(entries), 'auth.json').get('a')?.account).toEqual({
      accountId: 'new',
      name: 'n',
    })
  })

  it.each(['null', '"text"', '7', '[]', '{"type":"oauth","access":7}', '{"type":"oauth","access":"a","refresh":{}}'])(
    'isolates a malformed entry %s: others are read and written, it is neither',
    (entry) => {
      const document = authDocument(
        `{"bad": ${entry}, "good": {"type":"oauth","access":"a","refresh":"r","expires":1}}`,
        'auth.json',
      )
      expect(document.keys()).toEqual(['good'])
      expect(document.get('good')?.tokens.accessToken).toBe('a')
      expect(document.with('good', record).text).toContain(`"bad": ${entry}`)
      expect(failure(() => document.get('bad'))).toBe('store_corrupt')
      expect(failure(() => document.with('bad', record))).toBe('store_corrupt')
    },
  )

  it('counts optional fields of the wrong type as absent', () => {
    const entry = {
      type: 'oauth',
      access: 'a',
      refresh: 'r',
      expires: null,
      issuer: 7,
      clientId: {},
      scopes: ['a', 7],
      idToken: [],
      obtainedAt: 'x',
      tokenType: 'MAC',
      account: 'me',
      intent: { hash: 'h' },
      dead: [],
      proofKey: 'k',
      accountId: 9,
    }
    expect(authDocument(JSON.stringify({ a: entry }), 'auth.json').get('a')).toEqual({
      tokens: { accessToken: 'a', tokenType: 'Bearer', refreshToken: 'r' },
    })
  })

  it('holds nobody where an entry was blanked, and somebody to refresh where only the access token was', () => {
    const blank =
      '{"a":{"type":"oauth","access":"","refresh":"","expires":0},"b":{"type":"oauth","access":"","refresh":"r"}}'
    const document = authDocument(blank, 'auth.json')
    expect(document.keys()).toEqual(['b'])
    expect(document.get('b')?.tokens).toEqual({ accessToken: '', tokenType: 'Bearer', refreshToken: 'r', expiresAt: 0 })
    expect(document.with('a', record).record).toEqual(record)
  })

  it('never gives, changes or removes an entry that is no OAuth entry', () => {
    const text = '{"a": {"type":"api_key","key":"$KEY"}, "b": {"key":"no type"}}'
    const document = authDocument(text, 'auth.json')
    for (const key of ['a', 'b']) {
      expect(document.get(key)).toBeUndefined()
      expect(failure(() => document.with(key, record))).toBe('store_denied')
      expect(document.with(key, undefined).text).toBe(text)
    }
  })

  it('is refused, and never quoted, when it is not a JSON object', () => {
    const texts = [
      'SECRET',
      "{'SECRET':1}",
      '{"a":{"access":"SECRET"',
      '[]',
      '"SECRET"',
      'null',
      '{} SECRET',
      '\u0000\u0000',
      "{'a':1}",
      '{"a":1,}',
      ' ',
    ]
    for (const text of texts) {
      const error: unknown = (() => {
        try {
          return authDocument(text, 'auth.json')
        } catch (caught) {
          return caught
        }
      })()
      expect(isOAuthError(error) && error.code, text).toBe('store_corrupt')
      expect(`${String(error)} ${JSON.stringify(error)} ${String((error as Error).cause)}`).not.toContain('SECRET')
    }
  })

  it('is read with the last of two members of the same name, and never edited', () => {
    const twice =
      '{"a":{"type":"oauth","access":"1","refresh":"r"},"\\u0061":{"type":"oauth","access":"2","refresh":"r"}}'
    const document = authDocument(twice, 'auth.json')
    expect(document.get('a')?.tokens.accessToken).toBe('2')
    expect(failure(() => document.with('b', record))).toBe('store_corrupt')
    const inside = authDocument('{"a":{"type":"oauth","access":"1","access":"2","refresh":"r"}}', 'auth.json')
    expect(failure(() => inside.with('a', record))).toBe('store_corrupt')
  })

  it('keeps a byte order mark, and reads behind it', () => {
    const document = authDocument('\uFEFF{"a": {"type":"oauth","access":"1","refresh":"r"} }', 'auth.json')
    expect(document.get('a')?.tokens.accessToken).toBe('1')
    expect(document.with('b', record).text).toMatch(/^\uFEFF\{"a": \{"type":"oauth","access":"1","refresh":"r"\},"b"/)
    expect(document.with('a', undefined).text).toBe('\uFEFF{}')
  })

  it('refuses a key pair, which it could not keep', async () => {
    const proofKey = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify'])
    expect(() => authDocument('{}', 'auth.json').with('a', { ...record, proofKey })).toThrow(TypeError)
  })

  it('keeps the unknown fields of an entry, their place and their numbers', () => {
    const text =
      '{\n "a": { "zz" : 1.00e+2, "type":"oauth","access":"1", "deep": {"x":[1.0, 1e999]},"refresh":"r","expires":1,"idToken":"old" , "last":12345678901234567890}\n}\n'
    expect(authDocument(text, 'auth.json').with('a', record).text).toBe(
      '{\n "a": { "zz" : 1.00e+2, "type":"oauth","access":"at", "deep": {"x":[1.0, 1e999]},"refresh":"rt","expires":5,"last":12345678901234567890}\n}\n',
    )
  })

  it('keeps what is not ours byte for byte through hundreds of operations', () => {
    const random = pseudoRandom(7)
    for (let round = 0; round < 40; round += 1) {
      const foreign = Array.from(
        { length: 1 + Math.floor(random() * 6) },
        (_, index) => `"f${index}${pick(random, oddTexts)}"${space(random)}:${space(random)}${foreignValue(random, 3)}`,
      )
      let text = `{${space(random)}${foreign.join(`${space(random)},${space(random)}`)}${space(random)}}`
      const held = new Map<string, StoredRecord>()
      for (let operation = 0; operation < 12; operation += 1) {
        const key = pick(random, ['one', 'two', '__proto__', 'three"\\'])
        const next = random() < 0.3 ? undefined : { tokens: { ...record.tokens, accessToken: `${random()}` } }
        text = authDocument(text, 'auth.json').with(key, next).text
        if (next === undefined) held.delete(key)
        else held.set(key, next)
      }
      const document = authDocument(text, 'auth.json')
      expect(document.keys().sort()).toEqual([...held.keys()].sort())
      for (const [key, value] of held) expect(document.get(key)).toEqual(value)
      for (const member of foreign) expect(text).toContain(member)
    }
  })
})

const oddTexts = ['', 'ü', '\\u00e9', '\\"', '\\\\', '}', '{', ',', ':', '🔑', '\\n', '[']

function foreignValue(random: () => number, depth: number): string {
  const kind = Math.floor(random() * (depth > 0 ? 6 : 4))
  if (kind === 0) return pick(random, ['1.0', '-0', '1e999', '12345678901234567890.10', '0.1e-7', '7'])
  if (kind === 1) return `"${pick(random, oddTexts)}${pick(random, oddTexts)}"`
  if (kind === 2) return pick(random, ['true', 'false', 'null'])
  if (kind === 3) return pick(random, ['{}', '[]', '{ }', '[\n]'])
  const items = [0, 1, 2].map((index) => {
    const value = foreignValue(random, depth - 1)
    return kind === 4 ? value : `"${index}${pick(random, oddTexts)}"${space(random)}:${space(random)}${value}`
  })
  const inner = items.join(`${space(random)},${space(random)}`)
  return kind === 4 ? `[${inner}${space(random)}]` : `{${space(random)}${inner}}`
}

function space(random: () => number): string {
  return pick(random, ['', '', ' ', '\n  ', '\t', '\r\n'])
}

function pick<T>(random: () => number, items: readonly T[]): T {
  return items[Math.floor(random() * items.length)] as T
}

/** The same numbers in every runtime. */
function pseudoRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32
    return state / 2 ** 32
  }
}
