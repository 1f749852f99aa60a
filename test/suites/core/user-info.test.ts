import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'

import type { TokenSet } from '../../../src/contracts.ts'
import { userInfo } from '../../../src/core/index.ts'
import type { Parties } from '../../../src/core/index.ts'
import { double, failureOf, json, legible, partiesOf, signIn, site, worldOf } from './rig.ts'

const server = double()
const parties = await partiesOf(server)
const endpoint = `${server.issuer}/userinfo`
const tokens: TokenSet = { accessToken: 'at-canary', tokenType: 'Bearer' }
const account = { issuer: server.issuer, subject: 'ada' }

function answeredBy(answer: () => Response): Parties {
  return { ...parties, world: worldOf(server, site({ [endpoint]: answer }).fetch) }
}

describe('user info', () => {
  it('is asked for with the token in the header, and gives the claims', async () => {
    const grant = await signIn(server, parties)
    const claims = await userInfo(parties, { tokens: grant.tokens, account: grant.account ?? {} })
    expect(claims).toEqual({ sub: 'ada', name: 'Ada Lovelace' })
    const sent = server.history.last('userInfo')
    expect(sent).toMatchObject({ method: 'GET', params: {} })
    expect(sent?.headers['authorization']).toMatch(/^Bearer #/)
  })

  for (const sub of ['mallory', 'Ada', 'ada ', '', undefined, null, 5, ['ada']]) {
    it(`of ${JSON.stringify(sub)} is not of ada`, async () => {
      const attempt = userInfo(
        answeredBy(() => json({ sub, name: 'Ada' })),
        { tokens, account },
      )
      expect(await failureOf(attempt)).toMatchObject({ code: 'invalid_response', detail: { endpoint: 'userinfo' } })
    })
  }

  it('must name somebody even where nobody is expected', async () => {
    const who = answeredBy(() => json({ sub: 'ada' }))
    expect(await userInfo(who, { tokens })).toEqual({ sub: 'ada' })
    expect(
      await failureOf(
        userInfo(
          answeredBy(() => json({ name: 'Ada' })),
          { tokens },
        ),
      ),
    ).toMatchObject({
      code: 'invalid_response',
    })
  })

  it('cannot change any prototype', async () => {
    const claims = await userInfo(
      answeredBy(() => json('{"sub":"ada","__proto__":{"admin":true}}')),
      { tokens, account },
    )
    expect(claims['admin']).toBeUndefined()
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined()
  })

  const refusals: readonly (readonly [name: string, answer: () => Response, expected: object])[] = [
    [
      'a challenge without a body',
      () =>
        new Response('', { status: 401, headers: { 'www-authenticate': 'Bearer realm="x", error="invalid_token"' } }),
      { code: 'authorization_failed', detail: { error: 'invalid_token', status: 401 } },
    ],
    [
      'insufficient_scope',
      () => new Response('', { status: 403, headers: { 'www-authenticate': 'Bearer error=insufficient_scope' } }),
      { code: 'authorization_failed', detail: { error: 'insufficient_scope', status: 403 } },
    ],
    ['401 and nothing', () => new Response('', { status: 401 }), { code: 'invalid_response', detail: { status: 401 } }],
    ['503', () => new Response('', { status: 503 }), { code: 'server_error' }],
    ['a web page', () => new Response('<h1>'), { code: 'invalid_response' }],
    ['an array', () => json([]), { code: 'invalid_response' }],
  ]
  for (const [name, answer, expected] of refusals) {
    it(`answered with ${name} is a typed failure without the token`, async () => {
      const error = await failureOf(userInfo(answeredBy(answer), { tokens, account }))
      expect(error).toMatchObject(expected)
      expect(legible(error)).not.toContain('canary')
    })
  }

  it('is unsupported where the server has no such endpoint', async () => {
    const { userinfo_endpoint: _, ...without } = parties.server
    expect(await failureOf(userInfo({ ...parties, server: without }, { tokens }))).toMatchObject({
      code: 'unsupported',
    })
  })

  it('shows the token to no address without TLS, whoever named it', async () => {
    const { fetch, asked } = site({})
    const insecure = { ...parties.server, userinfo_endpoint: 'http://as.example.com/userinfo' }
    const who = { ...parties, server: insecure, world: worldOf(server, fetch) }
    expect(await failureOf(userInfo(who, { tokens }))).toMatchObject({ code: 'config' })
    expect(asked).toEqual([])
  })
})

describe('signed user info', () => {
  const jwks = `${server.issuer}/jwks`

  async function signed(claims: Record<string, unknown>, announced = true, ours = true): Promise<unknown> {
    const { privateKey, publicKey } = await generateKeyPair('ES256')
    const { privateKey: strange } = await generateKeyPair('ES256')
    const jwt = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', kid: '1' })
      .sign(ours ? privateKey : strange)
    const { fetch } = site({
      [endpoint]: () => new Response(jwt, { headers: { 'content-type': 'application/jwt; charset=utf-8' } }),
      [jwks]: async () => json({ keys: [{ ...(await exportJWK(publicKey)), kid: '1', alg: 'ES256' }] }),
    })
    const algorithms = announced ? { userinfo_signing_alg_values_supported: ['ES256'] } : {}
    const who = { ...parties, server: { ...parties.server, ...algorithms }, world: worldOf(server, fetch) }
    return userInfo(who, { tokens, account })
  }

  it('is proven by the published keys', async () => {
    expect(await signed({ sub: 'ada', iss: server.issuer, aud: 'app' })).toMatchObject({ sub: 'ada' })
  })

  it('is refused with another key, subject, issuer or audience, or an algorithm nobody announced', async () => {
    const good = { sub: 'ada', iss: server.issuer, aud: 'app' }
    for (const attempt of [
      () => signed(good, true, false),
      () => signed({ ...good, sub: 'mallory' }),
      () => signed({ ...good, iss: 'https://evil.example' }),
      () => signed({ ...good, aud: 'other' }),
      () => signed(good, false),
    ]) {
      expect(await failureOf(attempt)).toMatchObject({ code: 'invalid_response', detail: { endpoint: 'userinfo' } })
    }
  })
})
