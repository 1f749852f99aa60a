import { describe, expect, it } from 'vitest'

import { plainInit } from '../../../src/client/plain-init.ts'
import { apiRig } from './api-rig.ts'
import { rig } from './rig.ts'

const ours = 'Bearer ours'

describe('a plain request', () => {
  it('gets the token beside what it says, and stays as it was', () => {
    const init = { method: 'POST', body: 'x', headers: { accept: 'text/plain', 'cache-control': 'no-store' } }
    const before = structuredClone(init)
    expect(plainInit(init, ours)).toEqual({
      ...before,
      headers: { ...before.headers, authorization: ours },
      redirect: 'manual',
    })
    expect(init).toEqual(before)
    expect(plainInit(undefined, ours)).toEqual({ headers: { authorization: ours }, redirect: 'manual' })
    const { signal } = new AbortController()
    expect(plainInit({ signal }, ours)?.signal).toBe(signal)
    expect(plainInit({ redirect: 'manual' }, ours)?.redirect).toBe('manual')
  })

  it('is none where anything about it has to be read with care', () => {
    const careful: Record<string, unknown> = {
      'an authorization of its own': { headers: { Authorization: 'Bearer mine' } },
      'one among others': { headers: { accept: '*/*', authorization: 'Bearer mine' } },
      'a Headers object': { headers: new Headers({ accept: '*/*' }) },
      'a list of headers': { headers: [['accept', '*/*']] },
      'headers that are null': { headers: null },
      'headers of a class': { headers: Object.create({ accept: '*/*' }) },
      'a redirect mode': { redirect: 'follow' },
      'a signal that is none': { signal: { aborted: false } },
      'a signal that is null': { signal: null },
      'a Request': new Request('https://api.example.com/'),
      'members of a prototype': Object.create({ method: 'POST' }),
      'a member that throws': {
        get headers() {
          throw new Error('not now')
        },
      },
      nothing: null,
    }
    for (const [name, init] of Object.entries(careful))
      expect(plainInit(init as RequestInit, ours), name).toBeUndefined()
  })

  it('takes no headers from a prototype that somebody has polluted', () => {
    const prototype = Object.prototype as { headers?: object }
    prototype.headers = { 'x-planted': '1' }
    try {
      expect(plainInit({ method: 'GET' }, ours)).toBeUndefined()
    } finally {
      delete prototype.headers
    }
  })
})

describe('an address that was called before', () => {
  it('opens the way to itself only', async () => {
    const { client, signIn, arrived, origin } = apiRig(() => new Response('fine'))
    await signIn()
    for (const nothing of [undefined, null])
      await expect(client.fetch(nothing as unknown as string)).rejects.toThrow('takes a string')
    for (const _ of [1, 2]) {
      await client.fetch(`${origin}/me`)
      await expect(client.fetch('https://evil.example/me')).rejects.toMatchObject({ code: 'origin_not_allowed' })
      await client.fetch(`${origin}/me`)
    }
    expect(arrived.map(({ url }) => url)).toEqual(Array.from({ length: 4 }, () => `${origin}/me`))
  })
})

describe('a token that is served again and again', () => {
  it('is renewed when its time has come', async () => {
    const { client, clock, signIn, refreshes } = rig()
    await signIn()
    const first = await client.getAccessToken()
    expect(await client.getAccessToken()).toBe(first)
    const { expiresAt = 0 } = await client.getToken()
    clock.advance(expiresAt - clock.now() + 1)
    expect(await client.getAccessToken()).not.toBe(first)
    expect(refreshes()).toBe(1)
  })
})
