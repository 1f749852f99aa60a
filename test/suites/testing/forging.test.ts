import { compactVerify, createLocalJWKSet, decodeJwt, decodeProtectedHeader, generateKeyPair, jwtVerify } from 'jose'
import type { JSONWebKeySet } from 'jose'
import { describe, expect, it } from 'vitest'
import { createAuthorizationServer } from '../../../src/testing/index.ts'
import type { AuthorizationServer, Tamper } from '../../../src/testing/index.ts'
import { authorizationUrl, signIn } from './browserless.ts'

async function published(server: AuthorizationServer): Promise<JSONWebKeySet> {
  return (await server.fetch(`${server.issuer}/jwks`)).json()
}

/** An ID token with this defect, and whether the published keys verify it. */
async function forged(tamper: Tamper): Promise<{ readonly jwt: string; readonly verifies: boolean }> {
  const server = createAuthorizationServer({ tamper })
  const { id_token: jwt } = await signIn(server)
  const verifies = await jwtVerify(jwt, createLocalJWKSet(await published(server))).then(
    () => true,
    () => false,
  )
  return { jwt, verifies }
}

describe('tampering', () => {
  it('changes claims under a good signature', async () => {
    const { jwt, verifies } = await forged({
      idTokenClaims: (claims) => ({ ...claims, aud: 'other', iss: 'https://evil.example', nonce: undefined }),
    })
    expect(verifies).toBe(true)
    expect(decodeJwt(jwt)).toMatchObject({ aud: 'other', iss: 'https://evil.example' })
    expect(decodeJwt(jwt)).not.toHaveProperty('nonce')
  })

  it('leaves the signature away for alg none', async () => {
    const { jwt, verifies } = await forged({ idTokenHeader: (header) => ({ ...header, alg: 'none' }) })
    expect(jwt.endsWith('.')).toBe(true)
    expect(verifies).toBe(false)
  })

  it('signs HS256 with the public key as the secret', async () => {
    const { jwt } = await forged({ idTokenHeader: (header) => ({ ...header, alg: 'HS256' }) })
    expect(decodeProtectedHeader(jwt).alg).toBe('HS256')
    expect(jwt.split('.')[2]).toHaveLength(43)
  })

  it('signs with a key that nobody published', async () => {
    const { privateKey } = await generateKeyPair('ES256')
    const { jwt, verifies } = await forged({ idTokenKey: () => privateKey })
    expect(decodeProtectedHeader(jwt)).toHaveProperty('kid')
    expect(verifies).toBe(false)
  })

  it('operates on the finished token', async () => {
    const flip = (jwt: string): string => jwt.replace(/(?<=\.)[^.]{4}(?=[^.]*$)/, 'AAAA')
    expect((await forged({ idToken: flip })).verifies).toBe(false)
  })

  it('changes the token answer, the metadata and the callback, until it is taken back', async () => {
    const server = createAuthorizationServer()
    server.tamper.tokenResponse = (body) => ({ ...body, token_type: 'mac' })
    server.tamper.metadata = (document) => ({ ...document, issuer: 'https://evil.example' })
    server.tamper.callback = (url) => {
      url.searchParams.set('iss', 'https://evil.example')
      return url
    }
    const document = `${server.issuer}/.well-known/openid-configuration`
    expect(await signIn(server)).toMatchObject({ token_type: 'mac' })
    expect(await (await server.fetch(document)).json()).toMatchObject({ issuer: 'https://evil.example' })
    expect((await server.approve(authorizationUrl(server))).searchParams.get('iss')).toBe('https://evil.example')
    server.tamper.tokenResponse = undefined
    server.tamper.metadata = undefined
    server.tamper.callback = undefined
    expect(await signIn(server)).toMatchObject({ token_type: 'Bearer' })
    expect(await (await server.fetch(document)).json()).toMatchObject({ issuer: server.issuer })
  })

  it('answers 500 when a hook throws, rather than throwing', async () => {
    const server = createAuthorizationServer()
    server.tamper.metadata = () => {
      throw new RangeError('mine')
    }
    expect((await server.fetch(`${server.issuer}/.well-known/openid-configuration`)).status).toBe(500)
  })
})

describe('keys', () => {
  it('are rotated, the old ones staying published unless they are withdrawn', async () => {
    const server = createAuthorizationServer()
    const { id_token: old } = await signIn(server)
    await server.rotateKeys()
    const { id_token: fresh } = await signIn(server)
    expect(decodeProtectedHeader(fresh).kid).not.toBe(decodeProtectedHeader(old).kid)
    const both = createLocalJWKSet(await published(server))
    await expect(Promise.all([compactVerify(old, both), compactVerify(fresh, both)])).resolves.toHaveLength(2)
    await server.rotateKeys({ keep: false })
    const { keys } = await published(server)
    expect(keys).toHaveLength(1)
    expect(keys[0]).not.toHaveProperty('d')
  })

  it('can be RSA', async () => {
    const server = createAuthorizationServer({ idTokenAlg: 'RS256' })
    const { id_token: jwt } = await signIn(server)
    expect(decodeProtectedHeader(jwt).alg).toBe('RS256')
    await expect(jwtVerify(jwt, createLocalJWKSet(await published(server)))).resolves.toHaveProperty('payload')
    const metadata = await (await server.fetch(`${server.issuer}/.well-known/openid-configuration`)).json()
    expect(metadata.id_token_signing_alg_values_supported).toEqual(['RS256'])
  })
})
