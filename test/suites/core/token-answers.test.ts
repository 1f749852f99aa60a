import { describe, expect, it } from 'vitest'

import type { TokenSet } from '../../../src/contracts.ts'
import { clientCredentials, createProof, generateProofKey, refreshTokens } from '../../../src/core/index.ts'
import type { Parties, Refreshed } from '../../../src/core/index.ts'
import { double, failureOf, json, legible, partiesOf, signIn, site, worldOf } from './rig.ts'

const server = double()
const parties = await partiesOf(server)
const endpoint = `${server.issuer}/token`

function answeredBy(answer: () => Response): Parties {
  return { ...parties, world: worldOf(server, site({ [endpoint]: answer }).fetch) }
}

const good = { access_token: 'at-1', token_type: 'Bearer', expires_in: 3600 }

function tokensFrom(body: unknown, init: ResponseInit = {}): Promise<TokenSet> {
  return clientCredentials(
    answeredBy(() => json(body, init)),
    { scopes: ['read', 'write'] },
  )
}

/** The members of a good answer in JSON, one of them replaced by this text. */
function withText(name: string, text: string): string {
  return JSON.stringify({ ...good, [name]: '@' }).replace('"@"', text)
}

const malformed: readonly (readonly [name: string, body: unknown, init?: ResponseInit])[] = [
  ['nothing', ''],
  ['white space', '  \n'],
  ['null', 'null'],
  ['true', 'true'],
  ['a number', '42'],
  ['a string', '"at-1"'],
  ['an array', [good]],
  ['a form', 'access_token=at-1&token_type=bearer'],
  ['a web page', '<!doctype html><title>Sign in</title>', { headers: { 'content-type': 'text/html' } }],
  ['half an object', JSON.stringify(good).slice(0, 20)],
  ['two objects', JSON.stringify(good) + JSON.stringify(good)],
  ['a trailing comma', '{"access_token":"at-1","token_type":"Bearer",}'],
  ['a comment', `/**/${JSON.stringify(good)}`],
  ['NaN', withText('expires_in', 'NaN')],
  ['no access_token', { ...good, access_token: undefined }],
  ['access_token null', { ...good, access_token: null }],
  ['access_token empty', { ...good, access_token: '' }],
  ['access_token a number', { ...good, access_token: 5 }],
  ['access_token an object', { ...good, access_token: { token: 'at-1' } }],
  ['access_token an array', { ...good, access_token: ['at-1'] }],
  ['access_token in the wrong place', { data: good }],
  [
    'access_token in the prototype',
    JSON.stringify({ token_type: 'Bearer' }).replace('{', '{"__proto__":{"access_token":"at-1"},'),
  ],
  ['no token_type', { ...good, token_type: undefined }],
  ['token_type null', { ...good, token_type: null }],
  ['token_type empty', { ...good, token_type: '' }],
  ['token_type a number', { ...good, token_type: 1 }],
  ['refresh_token a number', { ...good, refresh_token: 5 }],
  ['refresh_token an object', { ...good, refresh_token: {} }],
  ['refresh_token with a line break', { ...good, refresh_token: 'rt\n1' }],
  ['refresh_token not ASCII', { ...good, refresh_token: 'rt-ü' }],
  ['scope a number', { ...good, scope: 5 }],
  ['scope an array', { ...good, scope: ['read'] }],
  ['status 201', good, { status: 201 }],
  ['status 202', good, { status: 202 }],
  ['status 206', good, { status: 206 }],
  ['nested too deeply', withText('x', `${'['.repeat(64)}${']'.repeat(64)}`)],
  ['more than a mebibyte', { ...good, padding: 'x'.repeat(1024 * 1024) }],
]

describe('a token answer', () => {
  for (const [name, body, init] of malformed) {
    it(`that is ${name} is an invalid response`, async () => {
      const error = await failureOf(tokensFrom(body, init))
      expect(error).toMatchObject({
        code: 'invalid_response',
        detail: { endpoint: 'token', status: init?.status ?? 200 },
      })
      expect(legible(error)).not.toContain('at-1')
    })
  }

  it('with status 204 is an invalid response', async () => {
    const attempt = clientCredentials(answeredBy(() => new Response(null, { status: 204 })))
    expect(await failureOf(attempt)).toMatchObject({ code: 'invalid_response', detail: { status: 204 } })
  })

  it('may hold members that nobody knows, null for nothing, and any label', async () => {
    const body = { ...good, expires_in: null, scope: null, refresh_token: null, id_token: null, x: { y: [1, null] } }
    const tokens = await tokensFrom(body, { headers: { 'content-type': 'text/plain' } })
    expect(tokens).toEqual({
      accessToken: 'at-1',
      tokenType: 'Bearer',
      scopes: ['read', 'write'],
      obtainedAt: server.clock.now(),
    })
  })

  it('may nest as deep as the limit', async () => {
    expect(await tokensFrom(withText('x', `${'['.repeat(63)}${']'.repeat(63)}`))).toMatchObject({ accessToken: 'at-1' })
  })

  it('may begin with a byte order mark', async () => {
    expect(await tokensFrom(`\ufeff${JSON.stringify(good)}`)).toMatchObject({ accessToken: 'at-1' })
  })

  it('cannot change any prototype', async () => {
    const members = '"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},'
    const tokens = await tokensFrom(JSON.stringify(good).replace('{', `{${members}`))
    expect(tokens.accessToken).toBe('at-1')
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    expect(Object.getPrototypeOf(tokens)).toBe(Object.prototype)
  })

  it('may hold tokens of 64 KiB', async () => {
    const access_token = 'a'.repeat(64 * 1024)
    const refresh_token = 'r'.repeat(64 * 1024)
    const tokens = await tokensFrom({ ...good, access_token, refresh_token })
    expect(tokens).toMatchObject({ accessToken: access_token, refreshToken: refresh_token })
  })
})

describe('token_type', () => {
  for (const type of ['Bearer', 'bearer', 'BEARER', 'bEaReR']) {
    it(`may be written ${type}`, async () => {
      expect(await tokensFrom({ ...good, token_type: type })).toMatchObject({ tokenType: 'Bearer' })
    })
  }

  for (const type of ['DPoP', 'mac', 'N_A', 'pop', 'Bearer ', 'bearer,dpop', 'urn:x']) {
    it(`is not understood when it is ${JSON.stringify(type)}`, async () => {
      expect(await failureOf(tokensFrom({ ...good, token_type: type }))).toMatchObject({ code: 'invalid_response' })
    })
  }

  it('must be DPoP when a proof was sent, in any case', async () => {
    const proof = createProof(await generateProofKey({ extractable: false }), server.clock)
    const typed = (token_type: string): Promise<TokenSet> =>
      clientCredentials({ ...answeredBy(() => json({ ...good, token_type })), proof })
    expect(await typed('dpop')).toMatchObject({ tokenType: 'DPoP' })
    expect(await typed('DPOP')).toMatchObject({ tokenType: 'DPoP' })
    expect(await failureOf(typed('Bearer'))).toMatchObject({
      code: 'invalid_response',
      detail: { reason: expect.stringContaining('not bound') },
    })
  })
})

const lifetimes: readonly (readonly [text: string, lifetime: number | undefined | 'refused'])[] = [
  ['3600', 3_600_000],
  ['"3600"', 3_600_000],
  ['0', 0],
  ['"0"', 0],
  ['1.5', 1500],
  ['"1.5"', 1500],
  ['1e3', 1_000_000],
  ['null', undefined],
  ['-1', 'refused'],
  ['"-1"', 'refused'],
  ['1e400', 'refused'],
  ['-1e400', 'refused'],
  ['""', 'refused'],
  ['"soon"', 'refused'],
  ['"3600 seconds"', 'refused'],
  ['"0x10"', 'refused'],
  ['"1e3"', 'refused'],
  ['"Infinity"', 'refused'],
  ['"NaN"', 'refused'],
  ['true', 'refused'],
  ['[]', 'refused'],
  ['[3600]', 'refused'],
  ['{}', 'refused'],
  ['{"valueOf":3600}', 'refused'],
]

describe('expires_in', () => {
  for (const [text, lifetime] of lifetimes) {
    it(`${text} is ${lifetime === undefined ? 'unknown' : lifetime}`, async () => {
      const tokens = tokensFrom(withText('expires_in', text))
      if (lifetime === 'refused') expect(await failureOf(tokens)).toMatchObject({ code: 'invalid_response' })
      else expect((await tokens).expiresAt).toBe(lifetime === undefined ? undefined : server.clock.now() + lifetime)
    })
  }

  it('that is absent is unknown, not for ever', async () => {
    expect(await tokensFrom({ ...good, expires_in: undefined })).not.toHaveProperty('expiresAt')
  })

  it('that is absurd ends at the last instant there is', async () => {
    const { expiresAt } = await tokensFrom(withText('expires_in', '1e300'))
    expect(new Date(expiresAt ?? Number.NaN).getTime()).toBe(8.64e15)
  })

  it('counts from when the request left, not from when the answer came', async () => {
    const slow = double()
    const { fetch } = site({
      [endpoint]: () => {
        slow.clock.advance(10_000)
        return json(good)
      },
    })
    const leftAt = slow.clock.now()
    const tokens = await clientCredentials({ ...parties, world: worldOf(slow, fetch) })
    expect(tokens).toMatchObject({ obtainedAt: leftAt, expiresAt: leftAt + 3_600_000 })
  })
})

describe('scope', () => {
  for (const [scope, scopes] of [
    [undefined, ['read', 'write']],
    ['read', ['read']],
    ['write read', ['write', 'read']],
    ['read write admin', ['read', 'write', 'admin']],
    [' read  write ', ['read', 'write']],
    ['', []],
  ] as const) {
    it(`${JSON.stringify(scope)} means ${JSON.stringify(scopes)}`, async () => {
      expect((await tokensFrom({ ...good, scope })).scopes).toEqual(scopes)
    })
  }
})

const illegal = [
  'at 1',
  'at\r1',
  'at\n1',
  'at\r\nx-evil: 1',
  'at\u0000',
  'at\t1',
  'at-ü',
  'at-✓',
  'at\u007f',
  ' at',
  'at\u2028',
]

describe('an access token that cannot stand in a header', () => {
  for (const token of illegal) {
    it(`is refused, and not repeated: ${JSON.stringify(token)}`, async () => {
      const error = await failureOf(tokensFrom({ ...good, access_token: `canary-${token}` }))
      expect(error).toMatchObject({ code: 'invalid_response', detail: { reason: expect.stringContaining('header') } })
      expect(legible(error)).not.toContain('canary')
    })
  }
})

const errors: readonly (readonly [name: string, answer: () => Response, expected: object])[] = [
  [
    '400 invalid_grant',
    () => json({ error: 'invalid_grant' }, { status: 400 }),
    { code: 'authorization_failed', detail: { error: 'invalid_grant', status: 400, endpoint: 'token' } },
  ],
  [
    '200 with an error',
    () => json({ error: 'bad_verification_code' }),
    { code: 'authorization_failed', detail: { error: 'bad_verification_code', status: 200 } },
  ],
  ['200 with an error and tokens', () => json({ ...good, error: 'invalid_grant' }), { code: 'authorization_failed' }],
  [
    '401 with a challenge',
    () => json({ error: 'invalid_client' }, { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } }),
    { code: 'authorization_failed', detail: { error: 'invalid_client' } },
  ],
  [
    '401 whose challenge alone says so',
    () => new Response('', { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_grant"' } }),
    { code: 'invalid_response', detail: { status: 401 } },
  ],
  [
    '401 with a web page',
    () => new Response('<h1>401', { status: 401 }),
    { code: 'invalid_response', detail: { status: 401 } },
  ],
  ['403 with a web page', () => new Response('<h1>Blocked', { status: 403 }), { code: 'invalid_response' }],
  ['404', () => new Response('', { status: 404 }), { code: 'invalid_response' }],
  ['400 with no error', () => json({}, { status: 400 }), { code: 'invalid_response' }],
  ['400 with an error that is no word', () => json({ error: 'a"b\\c' }, { status: 400 }), { code: 'invalid_response' }],
  [
    '400 with an error of 101 characters',
    () => json({ error: 'e'.repeat(101) }, { status: 400 }),
    { code: 'invalid_response' },
  ],
  ['400 with an error that is a number', () => json({ error: 5 }, { status: 400 }), { code: 'invalid_response' }],
  ['429', () => json({ error: 'invalid_grant' }, { status: 429 }), { code: 'rate_limited', retryable: true }],
  ['500', () => json({ error: 'invalid_grant' }, { status: 500 }), { code: 'server_error', retryable: true }],
  [
    '502 with a web page of scripts',
    () => new Response(`<script>${'{['.repeat(100)}"`, { status: 502 }),
    { code: 'server_error', retryable: true },
  ],
  ['503', () => new Response('', { status: 503 }), { code: 'server_error', retryable: true }],
  [
    '400 temporarily_unavailable',
    () => json({ error: 'temporarily_unavailable' }, { status: 400 }),
    { code: 'server_error', retryable: true },
  ],
  [
    '400 server_error',
    () => json({ error: 'server_error' }, { status: 400 }),
    { code: 'server_error', retryable: true },
  ],
  ['400 access_denied', () => json({ error: 'access_denied' }, { status: 400 }), { code: 'access_denied' }],
]

describe('an answer that is no success', () => {
  for (const [name, answer, expected] of errors) {
    it(`${name} is told for what it is`, async () => {
      expect(await failureOf(clientCredentials(answeredBy(answer)))).toMatchObject(expected)
    })
  }

  it('reads what a provider of its own shape says', async () => {
    const provider = { ...parties.provider, readError: () => ({ error: 'own_word', description: 'its own text' }) }
    const attempt = clientCredentials({ ...answeredBy(() => json({}, { status: 400 })), provider })
    expect(await failureOf(attempt)).toMatchObject({ detail: { error: 'own_word', description: 'its own text' } })
  })
})

const at = server.clock.now()
const waits: readonly (readonly [header: string, retryAt: number | undefined])[] = [
  ['30', at + 30_000],
  ['0', undefined],
  [' 7 ', at + 7000],
  ['601', at + 600_000],
  ['99999999999999999999', at + 600_000],
  ['9'.repeat(400), at + 600_000],
  ['-5', undefined],
  ['1.5', undefined],
  ['1e3', undefined],
  ['soon', undefined],
  ['', undefined],
  [new Date(at + 60_000).toUTCString(), at + 60_000],
  [new Date(at - 60_000).toUTCString(), undefined],
  ['Fri, 31 Dec 9999 23:59:59 GMT', at + 600_000],
  ['Sun, 99 Foo 2026 00:00:00 GMT', undefined],
]

describe('Retry-After', () => {
  for (const [header, retryAt] of waits) {
    it(`${JSON.stringify(header.slice(0, 40))} is ${retryAt === undefined ? 'no wait' : `a wait of ${retryAt - at} ms`}`, async () => {
      for (const status of [429, 503]) {
        const attempt = clientCredentials(
          answeredBy(() => new Response('', { status, headers: { 'retry-after': header } })),
        )
        expect((await failureOf(attempt)).detail).toEqual({
          endpoint: 'token',
          status,
          ...(retryAt !== undefined && { retryAt }),
        })
      }
    })
  }
})

const before = {
  accessToken: 'at-0',
  tokenType: 'Bearer',
  refreshToken: 'rt-0',
  scopes: ['a'],
  idToken: 'old',
} as const

function refreshedWith(body: unknown): Promise<Refreshed> {
  return refreshTokens(
    answeredBy(() => json(body)),
    { tokens: before },
  )
}

describe('the refresh token after a refresh', () => {
  for (const [name, refresh_token, kept] of [
    ['absent', undefined, 'rt-0'],
    ['null', null, 'rt-0'],
    ['empty', '', 'rt-0'],
    ['the same', 'rt-0', 'rt-0'],
    ['new', 'rt-1', 'rt-1'],
  ] as const) {
    it(`is ${kept} when the answer's is ${name}`, async () => {
      expect(await refreshedWith({ ...good, refresh_token })).toMatchObject({
        kind: 'tokens',
        tokens: { accessToken: 'at-1', refreshToken: kept, scopes: ['a'], idToken: 'old' },
      })
    })
  }

  const defects: readonly Record<string, unknown>[] = [
    { access_token: 'a b' },
    { access_token: '' },
    { access_token: null },
    { access_token: undefined },
    { token_type: 'mac' },
    { token_type: undefined },
    { token_type: 'DPoP' },
    { expires_in: -1 },
    { expires_in: 'soon' },
    { scope: 5 },
  ]
  for (const defect of defects) {
    it(`is kept although the rest is defective: ${JSON.stringify(defect)}`, async () => {
      const refreshed = await refreshedWith({ ...good, refresh_token: 'rt-1', ...defect })
      expect(refreshed).toMatchObject({ kind: 'defective', refreshToken: 'rt-1', error: { code: 'invalid_response' } })
    })

    it(`is not invented where the rest is defective: ${JSON.stringify(defect)}`, async () => {
      for (const refresh_token of [undefined, null, '', 'rt-0', 5, 'rt\n1']) {
        const attempt = refreshedWith({ ...good, refresh_token, ...defect })
        expect(await failureOf(attempt)).toMatchObject({ code: 'invalid_response', detail: { status: 200 } })
      }
    })
  }

  it('is not taken for absent when it cannot be read', async () => {
    expect(await failureOf(refreshedWith({ ...good, refresh_token: 'rt\n1' }))).toMatchObject({
      code: 'invalid_response',
      detail: { status: 200, reason: expect.stringContaining('refresh token') },
    })
  })
})

describe('a refresh', () => {
  it('sends the refresh token once, in the body, and asks for no scope', async () => {
    const live = double()
    const who = await partiesOf(live)
    const { tokens } = await signIn(live, who)
    const refreshToken = tokens.refreshToken ?? ''
    const refreshed = await refreshTokens(who, {
      tokens: { ...tokens, refreshToken },
      resource: 'https://api.example.com',
    })
    expect(refreshed.kind).toBe('tokens')
    const sent = live.history.filter({ endpoint: 'token', grant: 'refresh_token' })
    expect(sent).toHaveLength(1)
    expect(Object.keys(sent[0]?.params ?? {}).sort()).toEqual(['client_id', 'grant_type', 'refresh_token', 'resource'])
    expect(sent[0]).toMatchObject({ method: 'POST', path: '/token' })
  })

  it('of tokens that are bound to a key is not tried without the key', async () => {
    const { fetch, asked } = site({})
    const attempt = refreshTokens(
      { ...parties, world: worldOf(server, fetch) },
      { tokens: { ...before, tokenType: 'DPoP' } },
    )
    expect(await failureOf(attempt)).toMatchObject({
      code: 'config',
      detail: { reason: expect.stringContaining('DPoP') },
    })
    expect(asked).toEqual([])
  })
})
