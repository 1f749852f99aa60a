import { describe, expect, it } from 'vitest'

import { rig } from './rig.ts'

describe('max_age', () => {
  const secondsAgo = (ms: number, age: number): number => Math.floor(ms / 1000) - age

  it.each([
    ['long ago', 3600],
    ['nobody says when', undefined],
  ])('refuses a person who proved who they are: %s', async (_, age) => {
    const { client, server, clock } = rig()
    server.tamper.idTokenClaims = (claims) => ({
      ...claims,
      auth_time: age === undefined ? undefined : secondsAgo(clock.now(), age),
    })
    const { url } = await client.start({ authorizationParams: { max_age: '60' } })
    expect(url.searchParams.get('max_age')).toBe('60')
    await expect(client.finish(await server.approve(url))).rejects.toMatchObject({ code: 'invalid_response' })
    await expect(client.getToken()).rejects.toMatchObject({ code: 'sign_in_required' })
  })

  it('takes a person who has just done so', async () => {
    const { client, server, clock } = rig()
    server.tamper.idTokenClaims = (claims) => ({ ...claims, auth_time: secondsAgo(clock.now(), 5) })
    const { url } = await client.start({ authorizationParams: { max_age: '60' } })
    expect(await client.finish(await server.approve(url))).toMatchObject({ saved: true })
  })

  it('must be a number of seconds', async () => {
    const { client } = rig()
    await expect(client.start({ authorizationParams: { max_age: 'soon' } })).rejects.toMatchObject({ code: 'config' })
  })
})
