import { calculateJwkThumbprint, decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair } from 'jose'
import { describe, expect, it } from 'vitest'

import type { ClientAuth, Fetch } from '../../../src/contracts.ts'
import {
  authorizationUrl,
  authorizeDevice,
  beginTransaction,
  clientCredentials,
  clientSecretBasic,
  clientSecretPost,
  none,
  privateKeyJwt,
  revokeToken,
} from '../../../src/core/index.ts'
import type { Parties } from '../../../src/core/index.ts'
import type { ClientAuthMethod } from '../../../src/testing/index.ts'
import { double, failureOf, legible, partiesOf, redirectUri, worldOf } from './rig.ts'

const secrets = [
  'plain',
  'with:colon',
  '100%',
  'a+b c',
  '&=?#/',
  'ümläut ✓ 🔑',
  '%2B',
  "-_.!~*'()",
  '"\\',
  'x'.repeat(2000),
]

async function authenticated(
  authMethod: ClientAuthMethod,
  clientAuth: ClientAuth,
  more: { readonly clientId?: string; readonly clientSecret?: string; readonly jwks?: readonly JsonWebKey[] } = {},
): Promise<{ readonly parties: Parties; readonly sent: Request[]; readonly server: ReturnType<typeof double> }> {
  const { clientId = 'web', ...rest } = more
  const clients = [{ clientId, redirectUris: [redirectUri], authMethod, ...rest }]
  const server = double({ clients })
  const sent: Request[] = []
  const fetch: Fetch = (input, init) => {
    const request = new Request(input, init)
    sent.push(request.clone() as Request)
    return server.fetch(request)
  }
  const parties = await partiesOf(server, { clientId, clientAuth, world: worldOf(server, fetch) })
  sent.length = 0
  return { parties, sent, server }
}

describe('client_secret_basic', () => {
  for (const clientSecret of secrets) {
    it(`survives the secret ${JSON.stringify(clientSecret.slice(0, 20))}, and an id of that kind`, async () => {
      const clientId = `id ${clientSecret}`
      const { parties, sent } = await authenticated('client_secret_basic', clientSecretBasic(clientSecret), {
        clientId,
        clientSecret,
      })
      expect((await clientCredentials(parties, { scopes: ['read'] })).accessToken).toMatch(/./)
      const [request] = sent
      const body = new URLSearchParams(await request?.text())
      expect([...body.keys()].filter((name) => name.startsWith('client_'))).toEqual([])
    })
  }
})

describe('client_secret_post', () => {
  for (const clientSecret of secrets) {
    it(`survives the secret ${JSON.stringify(clientSecret.slice(0, 20))}`, async () => {
      const { parties, sent } = await authenticated('client_secret_post', clientSecretPost(clientSecret), {
        clientSecret,
      })
      expect((await clientCredentials(parties)).accessToken).toMatch(/./)
      const [request] = sent
      expect(request?.headers.has('authorization')).toBe(false)
      expect(new URLSearchParams(await request?.text()).getAll('client_secret')).toEqual([clientSecret])
      expect(request?.url).toBe('https://as.latchkey.test/token')
    })
  }
})

describe('a public client', () => {
  it('gives its id in the body and no credential', async () => {
    const { parties, sent } = await authenticated('none', none())
    await authorizeDevice(parties, { scopes: [] })
    const [request] = sent
    expect(request?.headers.has('authorization')).toBe(false)
    expect(new URLSearchParams(await request?.text()).get('client_id')).toBe('web')
  })
})

describe('private_key_jwt', () => {
  const makeKey = async (): Promise<{ readonly key: JsonWebKey; readonly jwks: readonly JsonWebKey[] }> => {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
    const kid = await calculateJwkThumbprint(publicKey)
    const [key, jwk] = await Promise.all([exportJWK(privateKey), exportJWK(publicKey)])
    return { key: { ...key, alg: 'ES256', kid } as JsonWebKey, jwks: [{ ...jwk, alg: 'ES256', kid } as JsonWebKey] }
  }

  it('makes a fresh assertion for the issuer alone, at every endpoint', async () => {
    const { key, jwks } = await makeKey()
    const { parties, sent, server } = await authenticated('private_key_jwt', privateKeyJwt(key), { jwks })
    const transaction = beginTransaction(parties, { slot: 's', redirectUri, scopes: ['read'], lifetime: 1000 })
    await authorizationUrl(parties, transaction, { pushed: true })
    await authorizeDevice(parties, { scopes: ['read'] })
    const { accessToken } = await clientCredentials(parties)
    await revokeToken(parties, { token: accessToken, hint: 'access_token' })
    const bodies = await Promise.all(sent.map(async (request) => new URLSearchParams(await request.text())))
    expect(sent.map(({ url }) => new URL(url).pathname)).toEqual(['/par', '/device_authorization', '/token', '/revoke'])
    const claims = bodies.map((body) => decodeJwt(body.get('client_assertion') ?? ''))
    const now = Math.floor(server.clock.now() / 1000)
    for (const claim of claims) {
      expect(claim).toMatchObject({ aud: server.issuer, iss: 'web', sub: 'web', jti: expect.any(String) })
      expect(Math.abs((claim.iat ?? 0) - now)).toBeLessThanOrEqual(1)
      expect((claim.exp ?? 0) - (claim.iat ?? 0)).toBeLessThanOrEqual(60)
    }
    expect(new Set(claims.map(({ jti }) => jti)).size).toBe(4)
    const header = decodeProtectedHeader(bodies[0]?.get('client_assertion') ?? '')
    expect(header).toMatchObject({ alg: 'ES256', kid: key['kid' as keyof JsonWebKey] })
    expect(bodies.some((body) => body.has('client_secret'))).toBe(false)
  })

  it('takes a CryptoKey that cannot be extracted, and a key id beside it', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256')
    const jwks = [{ ...(await exportJWK(publicKey)), kid: 'mine', alg: 'ES256' } as JsonWebKey]
    const auth = privateKeyJwt(privateKey, { kid: 'mine' })
    const { parties, sent } = await authenticated('private_key_jwt', auth, { jwks })
    await clientCredentials(parties)
    const body = new URLSearchParams(await sent[0]?.text())
    expect(decodeProtectedHeader(body.get('client_assertion') ?? '')).toMatchObject({ kid: 'mine' })
  })

  it.each([
    ['RS256', {}],
    ['RS512', {}],
    ['PS256', {}],
    ['PS384', {}],
    ['ES256', {}],
    ['ES384', { alg: undefined }],
    ['ES512', {}],
    ['Ed25519', { alg: 'EdDSA', use: 'sig' }],
    ['ES256', { use: 'enc' }],
    ['Ed25519', { alg: undefined, key_ops: ['sign'] }],
  ])('signs by %s with a key that says %o', async (alg, said) => {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
    const key = { alg, ...(await exportJWK(privateKey)), ...said } as JsonWebKey
    const jwks = [{ ...(await exportJWK(publicKey)), alg } as JsonWebKey]
    const { parties, sent } = await authenticated('private_key_jwt', privateKeyJwt(key), { jwks })
    await clientCredentials(parties)
    const body = new URLSearchParams(await sent[0]?.text())
    expect(decodeProtectedHeader(body.get('client_assertion') ?? '').alg).toBe(alg)
  })

  it('that does not fit is a configuration error that tells nothing of the key', async () => {
    const { key } = await makeKey()
    const { d, ...publicOnly } = key as JsonWebKey & { readonly d: string }
    const { publicKey } = await generateKeyPair('ES256')
    const symmetric = { kty: 'oct', k: 'c2VjcmV0', alg: 'HS256' }
    for (const bad of [
      publicOnly,
      publicKey,
      symmetric,
      { kty: 'EC' },
      { ...key, alg: 'nonsense' },
      { ...key, alg: 'ES384' },
      { kty: 'RSA', n: 'AQAB', e: 'AQAB', d: 'AQAB' },
      { ...key, d: '!' },
    ]) {
      const { parties, sent } = await authenticated('private_key_jwt', privateKeyJwt(bad))
      const error = await failureOf(clientCredentials(parties))
      expect(error.code).toBe('config')
      expect(legible(error)).not.toContain(d)
      expect(sent).toEqual([])
    }
  })
})

describe('client authentication that is wrong', () => {
  it('is a typed refusal without the secret in it', async () => {
    for (const [method, auth] of [
      ['client_secret_basic', clientSecretBasic('wrong secret:+')],
      ['client_secret_post', clientSecretPost('wrong secret:+')],
      ['client_secret_basic', clientSecretPost('wrong secret:+')],
    ] as const) {
      const { parties } = await authenticated(method, auth, { clientSecret: 'right' })
      const error = await failureOf(clientCredentials(parties))
      expect(error).toMatchObject({ code: 'authorization_failed', detail: { error: 'invalid_client', status: 401 } })
      expect(legible(error)).not.toContain('wrong secret')
    }
  })

  it('that throws does not let out what it threw', async () => {
    const { parties, sent } = await authenticated('none', () => {
      throw new Error('the secret is hunter2')
    })
    const error = await failureOf(clientCredentials(parties))
    expect(error.code).toBe('config')
    expect(legible(error)).not.toContain('hunter2')
    expect(sent).toEqual([])
  })

  it('without a secret is a mistake of the caller', () => {
    expect(() => clientSecretBasic('')).toThrow(TypeError)
    expect(() => clientSecretPost(undefined as unknown as string)).toThrow(TypeError)
  })
})
