import { expect, it } from 'vitest'
import { judgeCallback } from '../../src/redirects/judge-callback.ts'

const redirectUri = new URL('http://127.0.0.1:1455/callback')

it('judges the length of a target by itself, whatever the server below lets through', () => {
  const answer = (code: string): unknown => {
    const target = `/callback?state=s&code=${code}`
    return judgeCallback({ method: 'GET', target, headers: { host: redirectUri.host } }, redirectUri, () => true)
  }
  expect(answer('c'.repeat(16_000))).toHaveProperty('url')
  expect(answer('c'.repeat(17_000))).toEqual({ status: 414 })
})
