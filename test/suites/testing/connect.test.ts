import { describe, expect, it } from 'vitest'
import { connect, createAuthorizationServer } from '../../../src/testing/index.ts'
import type { AuthorizationServer } from '../../../src/testing/index.ts'
import { refresh, signIn } from './browserless.ts'

async function lab(): Promise<{
  readonly honest: AuthorizationServer
  readonly evil: AuthorizationServer
  readonly fetch: AuthorizationServer['fetch']
  readonly token: string
}> {
  const honest = createAuthorizationServer()
  const evil = createAuthorizationServer({ issuer: 'https://evil.example' })
  const { refresh_token: token } = await signIn(honest)
  return { honest, evil, fetch: connect({ [honest.issuer]: honest, [evil.issuer]: evil }), token }
}

describe('connect', () => {
  it('reaches each server at its own address, and nobody else', async () => {
    const { evil, fetch, honest } = await lab()
    for (const { issuer } of [honest, evil]) {
      const document = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json()
      expect(document).toMatchObject({ issuer })
    }
    await expect(fetch('https://nobody.example/')).rejects.toBeInstanceOf(TypeError)
  })

  it('shows what a careless client gives away on a redirect', async () => {
    const { evil, fetch, honest, token } = await lab()
    honest.faults.next('token', { redirect: `${evil.issuer}/token`, status: 307 })
    await refresh({ issuer: honest.issuer, fetch }, token)
    expect(evil.history.last('token')).toMatchObject({ method: 'POST', grant: 'refresh_token' })
    honest.faults.next('token', { redirect: `${evil.issuer}/token`, status: 302 })
    await refresh({ issuer: honest.issuer, fetch }, token)
    expect(evil.history.last('token')).toMatchObject({ method: 'GET', params: {} })
    honest.faults.next('api', { redirect: `${evil.issuer}/api/echo` })
    await fetch(`${honest.apiUrl}/echo`, { headers: { authorization: 'Bearer secret', 'x-kept': '1' } })
    expect(evil.history.last('api')?.headers).toHaveProperty('x-kept', '1')
    expect(evil.history.last('api')?.headers).not.toHaveProperty('authorization')
  })

  it('follows no redirect that the request does not want', async () => {
    const { evil, fetch, honest } = await lab()
    honest.faults.always('jwks', { redirect: `${evil.issuer}/jwks` })
    expect((await fetch(`${honest.issuer}/jwks`, { redirect: 'manual' })).status).toBe(302)
    await expect(fetch(`${honest.issuer}/jwks`, { redirect: 'error' })).rejects.toBeInstanceOf(TypeError)
    expect(evil.history.entries).toEqual([])
  })

  it('does not go round in circles', async () => {
    const { fetch, honest } = await lab()
    honest.faults.always('jwks', { redirect: '/jwks' })
    await expect(fetch(`${honest.issuer}/jwks`)).rejects.toBeInstanceOf(TypeError)
    expect(honest.history.count({ endpoint: 'jwks' })).toBe(21)
  })
})
