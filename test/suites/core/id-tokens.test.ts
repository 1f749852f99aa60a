import { base64url, generateKeyPair } from 'jose'
import { describe, expect, it } from 'vitest'

import type { Fetch } from '../../../src/contracts.ts'
import { refreshTokens } from '../../../src/core/index.ts'
import type { Grant, Parties, Refreshed } from '../../../src/core/index.ts'
import type { AuthorizationServer, Json } from '../../../src/testing/index.ts'
import { double, failureOf, json, legible, partiesOf, signIn, worldOf } from './rig.ts'

interface Defect {
  readonly name: string
  readonly spoil: (server: AuthorizationServer) => void
}

const claims = (name: string, change: (claims: Json, now: number) => Json): Defect => ({
  name,
  spoil: (server) => {
    server.tamper.idTokenClaims = (good) => change(good, server.clock.now() / 1000)
  },
})
const claim = (name: string, value: unknown, label: string = JSON.stringify(value) ?? 'missing'): Defect =>
  claims(`${name} ${label}`, (good) => ({ ...good, [name]: value }))
const header = (name: string, more: Json): Defect => ({
  name,
  spoil: (server) => {
    server.tamper.idTokenHeader = (good) => ({ ...good, ...more })
  },
})
const compact = (name: string, change: (jwt: string) => string): Defect => ({
  name,
  spoil: (server) => {
    server.tamper.idToken = change
  },
})
const encode = (value: unknown): string => base64url.encode(JSON.stringify(value))
const parts = (jwt: string): [string, string, string] => jwt.split('.') as [string, string, string]

const defects: readonly Defect[] = [
  claim('iss', 'https://evil.example'),
  claim('iss', 'https://as.latchkey.test/'),
  claim('iss', 'https://AS.latchkey.test'),
  claim('iss', undefined),
  claim('iss', ['https://as.latchkey.test']),
  claim('aud', 'somebody-else'),
  claim('aud', ['somebody-else']),
  claim('aud', []),
  claim('aud', 'APP'),
  claim('aud', { app: true }),
  claim('aud', undefined),
  claim('aud', ['app', 'somebody-else']),
  claims('aud of two, azp another', (good) => ({ ...good, aud: ['app', 'other'], azp: 'other' })),
  claim('azp', 'somebody-else'),
  claim('azp', null),
  claim('azp', ['app']),
  claim('sub', undefined),
  claim('sub', 5),
  claim('sub', ''),
  claim('sub', null),
  claim('exp', undefined),
  claim('exp', '9999999999'),
  claim('exp', null),
  claims('exp an hour ago', (good, now) => ({ ...good, exp: now - 3600 })),
  claims('exp 31 seconds ago', (good, now) => ({ ...good, exp: now - 31 })),
  claim('iat', undefined),
  claim('iat', 'now'),
  claims('iat in an hour', (good, now) => ({ ...good, iat: now + 3600, exp: now + 7200 })),
  claims('iat in 301 seconds', (good, now) => ({ ...good, iat: now + 301 })),
  claims('nbf in an hour', (good, now) => ({ ...good, nbf: now + 3600 })),
  claim('nbf', 'now'),
  claim('nonce', undefined),
  claim('nonce', 'another'),
  claim('nonce', ''),
  claim('nonce', 5),
  claim('auth_time', 'today'),
  claim('auth_time', -1),
  claim('at_hash', 'AAAAAAAAAAAAAAAAAAAAAA'),
  claim('at_hash', ''),
  claim('at_hash', 5),
  claim('at_hash', null),
  header('alg none', { alg: 'none' }),
  header('alg None', { alg: 'None' }),
  header('alg HS256 with the public key', { alg: 'HS256' }),
  header('alg RS256 with a key for ES256', { alg: 'RS256' }),
  header('alg ES384', { alg: 'ES384' }),
  header('alg missing', { alg: undefined }),
  header('alg a list', { alg: ['ES256'] }),
  header('kid unknown', { kid: 'unknown' }),
  header('crit', { crit: ['exp'] }),
  {
    name: 'another key',
    spoil: (server) => {
      server.tamper.idTokenKey = async () => (await generateKeyPair('ES256')).privateKey
    },
  },
  compact('changed claims', (jwt) => {
    const [head, body, signature] = parts(jwt)
    const { sub: _, ...rest } = JSON.parse(new TextDecoder().decode(base64url.decode(body))) as Json
    return `${head}.${encode({ ...rest, sub: 'mallory' })}.${signature}`
  }),
  compact('no signature', (jwt) => `${parts(jwt)[0]}.${parts(jwt)[1]}.`),
  compact('alg none put on afterwards', (jwt) => `${encode({ alg: 'none' })}.${parts(jwt)[1]}.`),
  compact('another token’s signature', (jwt) => `${parts(jwt)[0]}.${parts(jwt)[1]}.${'A'.repeat(86)}`),
  compact('half a signature', (jwt) => jwt.slice(0, -43)),
  compact('a key of its own in the header', (jwt) => {
    const jwk = { kty: 'EC', crv: 'P-256', x: 'A'.repeat(43), y: 'A'.repeat(43) }
    return `${encode({ alg: 'ES256', jwk })}.${parts(jwt)[1]}.${parts(jwt)[2]}`
  }),
  compact('two parts', (jwt) => jwt.slice(0, jwt.lastIndexOf('.'))),
  compact('four parts', (jwt) => `${jwt}.x`),
  compact('five parts', (jwt) => `${jwt}.x.x`),
  compact('nothing', () => ''),
  compact('no JWT', () => 'opaque'),
  compact('claims that are a list', (jwt) => `${parts(jwt)[0]}.${encode([])}.${parts(jwt)[2]}`),
  compact('claims that are no JSON', (jwt) => `${parts(jwt)[0]}.${base64url.encode('{')}.${parts(jwt)[2]}`),
  compact('a header that is null', (jwt) => `${encode(null)}.${parts(jwt)[1]}.${parts(jwt)[2]}`),
  {
    name: 'absent although openid was asked for',
    spoil: (server) => {
      server.tamper.tokenResponse = ({ id_token: _, ...body }) => body
    },
  },
  {
    name: 'a number',
    spoil: (server) => {
      server.tamper.tokenResponse = (body) => ({ ...body, id_token: 5 })
    },
  },
]

describe('an ID token', () => {
  it('that is good says who signed in', async () => {
    const server = double()
    const { account, tokens } = await signIn(server, await partiesOf(server))
    expect(account).toEqual({
      key: `${server.issuer}|ada`,
      issuer: server.issuer,
      subject: 'ada',
      name: 'Ada Lovelace',
    })
    expect(tokens.idToken?.split('.')).toHaveLength(3)
  })

  for (const { name, spoil } of defects) {
    it(`with one defect is refused: ${name}`, async () => {
      const server = double()
      const parties = await partiesOf(server)
      spoil(server)
      const error = await failureOf(signIn(server, parties))
      expect(error).toMatchObject({ code: 'invalid_response', detail: { endpoint: 'token' } })
      expect(legible(error)).not.toMatch(/eyJ|at_[\w-]{8}|rt_[\w-]{8}/)
    })
  }

  const harmless: readonly Defect[] = [
    claim('aud', ['app']),
    claims('aud of two, azp this client', (good) => ({ ...good, aud: ['app', 'api'], azp: 'app' })),
    claim('azp', 'app'),
    claim('at_hash', undefined),
    claim('unknown', { deep: [1] }),
    claims('exp 29 seconds ago', (good, now) => ({ ...good, exp: now - 29 })),
    claims('iat in 299 seconds', (good, now) => ({ ...good, iat: now + 299 })),
    header('typ missing', { typ: undefined }),
    header('kid missing', { kid: undefined }),
  ]
  for (const { name, spoil } of harmless) {
    it(`is good with ${name}`, async () => {
      const server = double()
      const parties = await partiesOf(server)
      spoil(server)
      expect((await signIn(server, parties)).account?.subject).toBe('ada')
    })
  }

  it('may be signed with RS256, which needs no announcement', async () => {
    const server = double({ idTokenAlg: 'RS256' })
    server.tamper.metadata = ({ id_token_signing_alg_values_supported: _, ...rest }) => rest
    expect((await signIn(server, await partiesOf(server))).account?.subject).toBe('ada')
    const other = double()
    other.tamper.metadata = ({ id_token_signing_alg_values_supported: _, ...rest }) => rest
    expect(await failureOf(signIn(other, await partiesOf(other)))).toMatchObject({ code: 'invalid_response' })
  })

  it('is not trusted more for a server that announces none and HS256', async () => {
    for (const alg of ['none', 'HS256']) {
      const server = double()
      server.tamper.metadata = (document) => ({ ...document, id_token_signing_alg_values_supported: [alg, 'ES256'] })
      server.tamper.idTokenHeader = (good) => ({ ...good, alg })
      expect(await failureOf(signIn(server, await partiesOf(server)))).toMatchObject({ code: 'invalid_response' })
    }
  })

  it('proves nothing where the server publishes no keys', async () => {
    const server = double()
    server.tamper.metadata = ({ jwks_uri: _, ...rest }) => rest
    expect(await failureOf(signIn(server, await partiesOf(server)))).toMatchObject({
      code: 'invalid_response',
      detail: { reason: expect.stringContaining('publishes no keys') },
    })
  })
})

/** Parties whose key documents are answered by `keys`, and the number of times they were asked for. */
async function withKeys(server: AuthorizationServer, keys: Fetch): Promise<{ parties: Parties; count: () => number }> {
  let count = 0
  const fetch: Fetch = (input, init) => {
    if (!String(input).endsWith('/jwks')) return server.fetch(input, init)
    count++
    return keys(input, init)
  }
  return { parties: await partiesOf(server, { world: worldOf(server, fetch) }), count: () => count }
}

describe('the published keys', () => {
  it('are fetched once for many sign-ins', async () => {
    const server = double()
    const { parties, count } = await withKeys(server, server.fetch)
    for (let i = 0; i < 5; i++) await signIn(server, parties)
    expect(count()).toBe(1)
  })

  it('are fetched again for an unknown key, at most once a minute', async () => {
    const server = double()
    const { parties, count } = await withKeys(server, server.fetch)
    await signIn(server, parties)
    await server.rotateKeys()
    for (let i = 0; i < 3; i++) {
      expect(await failureOf(signIn(server, parties))).toMatchObject({ code: 'invalid_response' })
    }
    expect(count()).toBe(1)
    server.clock.advance(61_000)
    expect((await signIn(server, parties)).account?.subject).toBe('ada')
    server.tamper.idTokenHeader = (good) => ({ ...good, kid: 'made-up' })
    for (let i = 0; i < 3; i++) await failureOf(signIn(server, parties))
    expect(count()).toBe(2)
  })

  it('are fetched again after five minutes', async () => {
    const server = double()
    const { parties, count } = await withKeys(server, server.fetch)
    await signIn(server, parties)
    server.clock.advance(299_000)
    await signIn(server, parties)
    expect(count()).toBe(1)
    server.clock.advance(1000)
    await signIn(server, parties)
    expect(count()).toBe(2)
  })

  it('are fetched again once the clock was set back, and not kept until it is as late again', async () => {
    const server = double()
    const { parties, count } = await withKeys(server, server.fetch)
    await signIn(server, parties)
    server.clock.advance(-3_600_000)
    await server.rotateKeys()
    expect((await signIn(server, parties)).account?.subject).toBe('ada')
    expect(count()).toBe(2)
  })

  it('pick the new one after a rotation, and the old one while it is published', async () => {
    const server = double()
    await server.rotateKeys()
    const { parties } = await withKeys(server, server.fetch)
    expect((await signIn(server, parties)).account?.subject).toBe('ada')
  })

  const answers: readonly (readonly [name: string, answer: () => Response, expected: object])[] = [
    ['503', () => new Response('', { status: 503 }), { code: 'server_error', detail: { endpoint: 'jwks' } }],
    ['429', () => new Response('', { status: 429 }), { code: 'rate_limited', detail: { endpoint: 'jwks' } }],
    ['404', () => new Response('', { status: 404 }), { code: 'invalid_response', detail: { endpoint: 'jwks' } }],
    ['307', () => new Response(null, { status: 307, headers: { location: '/' } }), { code: 'unexpected_redirect' }],
    ['a web page', () => new Response('<h1>'), { code: 'invalid_response' }],
    ['no keys', () => json({}), { code: 'invalid_response' }],
    ['keys that are none', () => json({ keys: [null] }), { code: 'invalid_response' }],
    ['an empty list', () => json({ keys: [] }), { code: 'invalid_response' }],
    ['a private key’s half', () => json({ keys: [{ kty: 'EC', crv: 'P-256' }] }), { code: 'invalid_response' }],
    ['a symmetric key', () => json({ keys: [{ kty: 'oct', k: 'c2VjcmV0' }] }), { code: 'invalid_response' }],
    ['10 MB', () => json(`{"keys":[],"x":"${'x'.repeat(10_000_000)}"}`), { code: 'invalid_response' }],
  ]
  for (const [name, answer, expected] of answers) {
    it(`that are ${name} prove nothing`, async () => {
      const server = double()
      const { parties, count } = await withKeys(server, async () => answer())
      expect(await failureOf(signIn(server, parties))).toMatchObject(expected)
      expect(count()).toBe(1)
    })
  }

  it('that cannot be had because nobody is there are a failure of the network', async () => {
    const server = double()
    const { parties } = await withKeys(server, () => Promise.reject(new TypeError('refused')))
    expect(await failureOf(signIn(server, parties))).toMatchObject({ code: 'network', detail: { endpoint: 'jwks' } })
  })
})

describe('an ID token that comes with a refresh', () => {
  async function refreshed(spoil: (server: AuthorizationServer, before: Grant) => void): Promise<{
    readonly outcome: Promise<Refreshed>
    readonly before: Grant
  }> {
    const server = double()
    const parties = await partiesOf(server)
    const before = await signIn(server, parties)
    spoil(server, before)
    const tokens = { ...before.tokens, refreshToken: before.tokens.refreshToken ?? '' }
    const { account } = before
    return { before, outcome: refreshTokens(parties, { tokens, ...(account && { account }) }) }
  }

  it('is kept when it is good', async () => {
    const { outcome, before } = await refreshed(() => undefined)
    expect(await outcome).toMatchObject({ kind: 'tokens', account: before.account })
    expect(await outcome).not.toMatchObject({ tokens: { idToken: before.tokens.idToken } })
  })

  it('of another person ends in nothing: neither token is kept', async () => {
    const { outcome } = await refreshed((server) => {
      server.tamper.idTokenClaims = (good) => ({ ...good, sub: 'mallory' })
    })
    const error = await failureOf(outcome)
    expect(error).toMatchObject({
      code: 'invalid_response',
      detail: { reason: expect.stringContaining('another person') },
    })
  })

  for (const { name, spoil } of [
    claim('aud', 'somebody-else'),
    claim('iss', 'https://evil.example'),
    header('alg none', { alg: 'none' }),
    compact('no JWT', () => 'opaque'),
  ]) {
    it(`that proves nothing is left aside, and the tokens are kept: ${name}`, async () => {
      const { outcome, before } = await refreshed(spoil)
      expect(await outcome).toMatchObject({
        kind: 'tokens',
        tokens: { accessToken: expect.stringMatching(/./), idToken: before.tokens.idToken },
        account: before.account,
      })
    })
  }
})
