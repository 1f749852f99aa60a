import { describe, expect, it } from 'vitest'
import { createAuthorizationServer } from '../../../src/testing/index.ts'
import { signIn } from './browserless.ts'

describe('metadata', () => {
  it('stands before the path of an issuer for OAuth, and behind it for OpenID Connect', async () => {
    for (const issuer of ['https://as.example', 'https://as.example/tenant/1']) {
      const server = createAuthorizationServer({ issuer })
      const { origin, pathname } = new URL(issuer)
      const path = pathname === '/' ? '' : pathname
      for (const url of [
        `${origin}/.well-known/oauth-authorization-server${path}`,
        `${issuer}/.well-known/openid-configuration`,
      ]) {
        const answer = await server.fetch(url)
        expect(answer.status, url).toBe(200)
        expect(await answer.json()).toMatchObject({
          issuer,
          token_endpoint: `${issuer}/token`,
          code_challenge_methods_supported: ['S256'],
          pushed_authorization_request_endpoint: `${issuer}/par`,
        })
      }
      expect((await server.fetch(`${origin}/.well-known/other`)).status).toBe(404)
    }
  })

  it('names every endpoint by an address that answers', async () => {
    const server = createAuthorizationServer({ issuer: 'https://as.example/t' })
    const document = await (await server.fetch(`${server.issuer}/.well-known/openid-configuration`)).json()
    const endpoints = Object.entries(document).filter(([name]) => /_(endpoint|uri)$/.test(name))
    expect(endpoints.length).toBe(8)
    for (const [name, url] of endpoints) expect((await server.fetch(String(url))).status, name).not.toBe(404)
  })

  it('can be kept back', async () => {
    const server = createAuthorizationServer({ discovery: ['oauth'] })
    expect((await server.fetch(`${server.issuer}/.well-known/oauth-authorization-server`)).status).toBe(200)
    expect((await server.fetch(`${server.issuer}/.well-known/openid-configuration`)).status).toBe(404)
  })

  it('follows paths of one’s own', async () => {
    const server = createAuthorizationServer({ issuer: 'https://as.example/t', paths: { token: '/oauth/token' } })
    const document = await (await server.fetch(`${server.issuer}/.well-known/openid-configuration`)).json()
    expect(document.token_endpoint).toBe('https://as.example/t/oauth/token')
    expect((await server.fetch(document.token_endpoint, { method: 'POST' })).status).toBe(400)
    expect((await server.fetch('https://as.example/t/token', { method: 'POST' })).status).toBe(404)
  })

  it('refuses an issuer that cannot be one', () => {
    for (const issuer of ['', 'as.example', 'ftp://as.example', 'https://as.example/?a=1', 'https://as.example/#a']) {
      expect(() => createAuthorizationServer({ issuer }), issuer).toThrow(TypeError)
    }
  })

  it('keeps two servers apart', async () => {
    const one = createAuthorizationServer()
    const two = createAuthorizationServer()
    const { access_token } = await signIn(one)
    const answer = await two.fetch(`${two.apiUrl}/echo`, { headers: { authorization: `Bearer ${access_token}` } })
    expect(answer.status).toBe(401)
  })
})
