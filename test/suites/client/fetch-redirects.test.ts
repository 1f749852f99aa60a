import { describe, expect, it } from 'vitest'

import { apiRig } from './api-rig.ts'
import type { Api } from './api-rig.ts'

const origin = 'https://api.example.com'

/** Sends a caller of `/from` to `location`, and answers everything else. */
function leading(location: string | undefined, status = 302): Api {
  return ({ url }) => {
    if (!url.endsWith('/from')) return new Response('arrived')
    return new Response(null, { status, headers: location === undefined ? {} : { location } })
  }
}

const refused = expect.objectContaining({
  code: 'unexpected_redirect',
  detail: expect.objectContaining({ endpoint: 'api' }),
})

describe('a redirect', () => {
  it.each([
    ['to a path', '/to', `${origin}/to`],
    ['to a relative path', 'to?x=1', `${origin}/to?x=1`],
    ['to the same origin', `${origin}/to`, `${origin}/to`],
    ['to another origin that was named', 'https://other.example.com/to', 'https://other.example.com/to'],
  ])('%s is followed with the token', async (_, location, target) => {
    for (const status of [301, 302, 303, 307, 308]) {
      for (const method of ['GET', 'HEAD']) {
        const { client, signIn, arrived } = apiRig(leading(location, status))
        await signIn()
        expect((await client.fetch(`${origin}/from`, { method })).status).toBe(200)
        expect(arrived.map(({ url }) => url)).toEqual([`${origin}/from`, target])
        expect(arrived[1]?.headers.get('authorization')).toBe(`Bearer ${await client.getAccessToken()}`)
        expect(arrived[1]?.method).toBe(method)
      }
    }
  })

  it('is followed for a Request too, with its headers', async () => {
    const { client, signIn, arrived } = apiRig(leading('/to'))
    await signIn()
    await client.fetch(new Request(`${origin}/from`, { headers: { 'x-mine': '1' } }))
    expect(arrived[1]).toMatchObject({ url: `${origin}/to` })
    expect(arrived[1]?.headers.get('x-mine')).toBe('1')
  })

  it.each([
    'https://evil.example/to',
    '//evil.example/to',
    'http://api.example.com/to',
    'https://api.example.com@evil.example/',
    'https://user:pass@api.example.com/to',
    'https://api.example.com:8443/to',
    'javascript:alert(1)',
    'https://',
    '\\\\evil.example\\to',
  ])('to %s is not followed', async (location) => {
    const { client, signIn, arrived } = apiRig(leading(location))
    await signIn()
    await expect(client.fetch(`${origin}/from`)).rejects.toEqual(refused)
    expect(arrived).toHaveLength(1)
  })

  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])('of a %s is not followed', async (method) => {
    for (const status of [301, 302, 303, 307, 308]) {
      const { client, signIn, arrived } = apiRig(leading('/to', status))
      await signIn()
      await expect(client.fetch(`${origin}/from`, { method })).rejects.toEqual(refused)
      expect(arrived).toHaveLength(1)
    }
  })

  it('that leads in a circle ends', async () => {
    const { client, signIn, arrived } = apiRig(leading('/from'))
    await signIn()
    await expect(client.fetch(`${origin}/from`)).rejects.toEqual(refused)
    expect(arrived).toHaveLength(6)
  })

  it('is the caller’s own where they wish so, and none where they forbid it', async () => {
    const { client, signIn, arrived } = apiRig(leading('/to'))
    await signIn()
    const response = await client.fetch(`${origin}/from`, { redirect: 'manual' })
    expect([response.status, response.headers.get('location')]).toEqual([302, '/to'])
    await expect(client.fetch(`${origin}/from`, { redirect: 'error' })).rejects.toEqual(refused)
    expect(arrived).toHaveLength(2)
  })

  it('is judged by what the caller wished when they called', async () => {
    const init: RequestInit = {}
    const { client, signIn, arrived } = apiRig((arrival, count) => {
      init.redirect = 'manual'
      return leading('/to')(arrival, count)
    })
    await signIn()
    expect((await client.fetch(`${origin}/from`, init)).status).toBe(200)
    expect(arrived).toHaveLength(2)
  })

  it.each([
    ['without a location', undefined, 302],
    ['that is none: not modified', '/to', 304],
    ['that is none: multiple choices', '/to', 300],
  ])('%s is handed over', async (_, location, status) => {
    const { client, signIn, arrived } = apiRig(leading(location, status))
    await signIn()
    expect((await client.fetch(`${origin}/from`)).status).toBe(status)
    expect(arrived).toHaveLength(1)
  })

  it('whose target a browser hides is an error, unless the caller wants it', async () => {
    const hidden = (): Response =>
      Object.defineProperties(new Response(null), { type: { value: 'opaqueredirect' }, status: { value: 0 } })
    const { client, signIn } = apiRig(hidden)
    await signIn()
    await expect(client.fetch(`${origin}/from`)).rejects.toEqual(refused)
    expect((await client.fetch(`${origin}/from`, { redirect: 'manual' })).type).toBe('opaqueredirect')
  })
})
