import { decodeJwt } from 'jose'
import { describe, expect, it } from 'vitest'

import { decodeClaims } from '../../../src/core/index.ts'

const encoded = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
const payload = (text: string): string => encoded(new TextEncoder().encode(text))
const jwt = (text: string): string => `e30.${payload(text)}.AA`

describe('decodeClaims', () => {
  it.each(['{}', '{"sub":"ümläut ✓ 🔑"}', '{"a":">>>???~~~","b":[1,{"c":null}]}', ' {"sub":"a"} '])(
    'reads %s as jose does',
    (text) => {
      expect({ ...decodeClaims(jwt(text)) }).toEqual(decodeJwt(jwt(text)))
    },
  )

  it('gives own members only', () => {
    const claims = decodeClaims(jwt('{"__proto__":{"admin":true}}'))
    expect(claims['admin']).toBeUndefined()
    expect(claims['toString']).toBeUndefined()
  })

  it.each([
    ['no text', undefined],
    ['a number', 1],
    ['nothing', ''],
    ['two parts', `e30.${payload('{}')}`],
    ['four parts', `${jwt('{}')}.AA`],
    ['an encrypted token', `${jwt('{}')}.AA.AA`],
    ['no payload', 'e30..AA'],
    ['no JSON', jwt('sub')],
    ['an array', jwt('[]')],
    ['null', jwt('null')],
    ['padding', `e30.${btoa('{} ')}=.AA`],
    ['the other alphabet', `e30.${btoa('{"a":">>>???"}').replaceAll('=', '')}.AA`],
    ['a space', `e30. ${payload('{}')}.AA`],
    ['half a character', `e30.${payload('{}')}AA.AA`],
    ['no UTF-8', `e30.${encoded(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d))}.AA`],
  ])('refuses %s', (_, given) => {
    expect(() => decodeClaims(given as string)).toThrow(new TypeError('This is not a JWT.'))
  })
})
