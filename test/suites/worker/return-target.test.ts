import { describe, expect, it } from 'vitest'
import { returnTarget } from '../../../src/worker/return-target.ts'
import { origin, workerRig } from './rig.ts'

const here = { origin, basePath: '/auth' }
const evil = 'evil.example'

const kept: readonly (readonly [string, string])[] = [
  ['/', '/'],
  ['/inbox', '/inbox'],
  ['/inbox?page=2&q=a%20b#top', '/inbox?page=2&q=a%20b#top'],
  ['/a/../b', '/b'],
  ['/a/./b', '/a/b'],
  ['/grüße', '/gr%C3%BC%C3%9Fe'],
  ['/?next=https://evil.example', '/?next=https://evil.example'],
  ['/a//b', '/a//b'],
  ['/a@b:c', '/a@b:c'],
  ['/authors', '/authors'],
  ['/javascript:alert(1)', '/javascript:alert(1)'],
  ['/%20', '/%20'],
]

const refused: readonly unknown[] = [
  undefined,
  null,
  5,
  {},
  [],
  '',
  ' ',
  '?',
  '#',
  '.',
  '..',
  'inbox',
  'inbox/',
  './inbox',
  '../inbox',
  '\\',
  '//',
  '///',
  '/\\',
  `//${evil}`,
  `///${evil}`,
  `////${evil}`,
  `/\\${evil}`,
  `\\${evil}`,
  `\\\\${evil}`,
  `\\/${evil}`,
  `/\\/${evil}`,
  `//\\${evil}`,
  `/\t/${evil}`,
  `\t//${evil}`,
  `/\n/${evil}`,
  `/\r/${evil}`,
  `/\r\n/${evil}`,
  ` //${evil}`,
  `/ /${evil}`,
  `\u00a0//${evil}`,
  `/\u0000/${evil}`,
  `/\u0008/${evil}`,
  `/\u200b/${evil}`,
  `/\ufeff/${evil}`,
  `/\u202e/${evil}`,
  `/\u00ad/${evil}`,
  `/\u2028/${evil}`,
  `/.//${evil}`,
  `/..//${evil}`,
  `/a/..//${evil}`,
  `/a/b/../..//${evil}`,
  `/./\\${evil}`,
  `/%2e//${evil}`,
  `/%2e%2e//${evil}`,
  `/a/%2e%2e//${evil}`,
  `/%2f${evil}`,
  `/%2f%2f${evil}`,
  `/%2F/${evil}`,
  `/%5c${evil}`,
  `/%5C%5C${evil}`,
  `/%09/${evil}`,
  `/%0a/${evil}`,
  `/%0d%0aSet-Cookie:a=b`,
  `/%252f${evil}`,
  `/%25252f${evil}`,
  `/%255c${evil}`,
  '/%00',
  '/%',
  '/%zz',
  '/%c0%af',
  `/%2e%2e%2f%2f${evil}`,
  `https://${evil}`,
  `https:${evil}`,
  `https:/${evil}`,
  `https:///${evil}`,
  `HTTPS://${evil}`,
  `http://${evil}`,
  `ftp://${evil}`,
  `//${evil}:443`,
  `${origin}@${evil}`,
  `${origin}.${evil}`,
  `${origin}/inbox`,
  `//app.example.com@${evil}`,
  `//user:pass@app.example.com/`,
  `//app.example.com`,
  `//app.example.com%2f@${evil}`,
  `//app.example.com\\@${evil}`,
  `//app.example.com#@${evil}`,
  `//[::1]`,
  `//127.0.0.1`,
  `//2130706433`,
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  'java\nscript:alert(1)',
  'data:text/html,a',
  'vbscript:a',
  'blob:https://a/b',
  'file:///etc/passwd',
  'about:blank',
  `/a\\b`,
  '/a b',
  '/a\tb',
  '/a\u3000b',
  `/${'a'.repeat(1024)}`,
  `/／${'\u2028'}${evil}`,
  '/auth',
  '/auth/',
  '/auth/login',
  '/auth/login?returnTo=/',
  '/auth/logout',
  '/x/../auth/login',
  '/auth/../auth/login',
  '/auth?x',
  '/auth#x',
  ['/a', '/b'],
  '/\ud800',
  `/@${'\\'}${evil}`,
  `////${evil}/..`,
  `/〱//${'\\'}`,
  `${'/'.repeat(50)}${evil}`,
]

describe('where a sign-in ends', () => {
  it.each(kept)('%s is a path of ours', (asked, path) => {
    expect(returnTarget(asked, here)).toBe(path)
  })

  it.each(refused.map((value) => [JSON.stringify(value) ?? 'nothing', value] as const))('%s is none', (_, value) => {
    const path = returnTarget(value, here)
    // Some are harmless when they are read as a URL is; none leads elsewhere.
    expect(new URL(path, origin).origin).toBe(origin)
    expect(path).toBe('/')
  })

  it('stays here, whatever is asked for, all the way to the Location', async () => {
    const rig = workerRig()
    // A lone surrogate does not survive a query.
    const hostile = refused.filter((value) => typeof value === 'string' && !/\p{Cs}/u.test(value)) as string[]
    expect(hostile.length).toBeGreaterThan(100)
    for (const value of hostile.filter((_, index) => index % 7 === 0)) {
      const browser = rig.browser()
      const away = await browser.go(`/auth/login?${new URLSearchParams({ returnTo: value })}`)
      const back = await browser.go(await rig.server.approve(away.location ?? ''), 'other')
      expect([back.status, back.location?.href]).toEqual([303, `${origin}/`])
    }
  })

  it('is the default when it is asked for twice', async () => {
    const rig = workerRig()
    const browser = rig.browser()
    const away = await browser.go('/auth/login?returnTo=/one&returnTo=/two')
    const back = await browser.go(await rig.server.approve(away.location ?? ''), 'other')
    expect(back.location?.href).toBe(`${origin}/`)
  })
})
