import { describe, expect, it } from 'vitest'
import { readCookies, writeCookie } from '../../../src/worker/cookies.ts'

describe('a Cookie header', () => {
  it.each([
    ['a=b; c=d', { a: 'b', c: 'd' }],
    ['a=b;c=d; ', { a: 'b', c: 'd', '': '' }],
    ['a=b=c', { a: 'b=c' }],
    ['a=', { a: '' }],
    ['a', { a: '' }],
    ['a=b; a=c', {}],
    ['a=b; a=c; a=d; e=f', { e: 'f' }],
    ['a=b; a', {}],
    [' \ta=b\t ', { a: 'b' }],
    ['a="b"', { a: '"b"' }],
    [`a=${'b'.repeat(4096)}`, { a: 'b'.repeat(4096) }],
    [`a=${'b'.repeat(4097)}`, {}],
    [`a=${'b'.repeat(4097)}; a=c`, {}],
    ['__proto__=a; constructor=b', { ['__proto__']: 'a', constructor: 'b' }],
  ])('%s is read as it stands', (header, cookies) => {
    expect([...readCookies(header)]).toEqual(Object.entries(cookies))
  })

  it('that is not there holds nothing, and so does one that is too long', () => {
    expect(readCookies(null).size).toBe(0)
    expect(readCookies(`a=b; ${' '.repeat(65_536)}`).size).toBe(0)
  })
})

describe('a Set-Cookie header', () => {
  it('is for the server only, and for the whole origin', () => {
    const rules = { name: 'a', sameSite: 'Strict', secure: true } as const
    expect(writeCookie(rules, 'b', 1999)).toBe('a=b; Path=/; Max-Age=1; HttpOnly; Secure; SameSite=Strict')
    expect(writeCookie({ ...rules, secure: false }, '', 0)).toBe('a=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict')
  })
})
