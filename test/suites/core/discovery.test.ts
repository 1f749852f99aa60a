import { describe, expect, it } from 'vitest'

import type { Provider } from '../../../src/contracts.ts'
import { beginTransaction, discoverServer } from '../../../src/core/index.ts'
import type { Server } from '../../../src/core/index.ts'
import { oauth2 } from '../../../src/providers/oauth2.ts'
import { oidc } from '../../../src/providers/oidc.ts'
import { double, failureOf, finished, json, legible, partiesOf, redirectUri, site, started, worldOf } from './rig.ts'

const issuer = 'https://as.example'

function metadata(more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    code_challenge_methods_supported: ['S256'],
    ...more,
  }
}

const wellKnown = `${issuer}/.well-known/openid-configuration`

function discover(
  answer: () => Response | Promise<Response>,
  provider: Provider = oidc({ issuer }),
  url: string = wellKnown,
): { readonly found: Promise<Server>; readonly asked: readonly string[] } {
  const { fetch, asked } = site({ [url]: answer })
  return { asked, found: discoverServer(provider, worldOf(double(), fetch)) }
}

const places: readonly (readonly [issuer: string, oidc: string, oauth2: string])[] = [
  ['https://a.example', '/.well-known/openid-configuration', '/.well-known/oauth-authorization-server'],
  ['https://a.example/', '/.well-known/openid-configuration', '/.well-known/oauth-authorization-server'],
  ['https://a.example:8443', '/.well-known/openid-configuration', '/.well-known/oauth-authorization-server'],
  ['https://a.example/t', '/t/.well-known/openid-configuration', '/.well-known/oauth-authorization-server/t'],
  ['https://a.example/t/', '/t/.well-known/openid-configuration', '/.well-known/oauth-authorization-server/t'],
  ['https://a.example/t/u', '/t/u/.well-known/openid-configuration', '/.well-known/oauth-authorization-server/t/u'],
  ['https://a.example:8443/t', '/t/.well-known/openid-configuration', '/.well-known/oauth-authorization-server/t'],
  [
    'https://a.example/a%2Fb',
    '/a%2Fb/.well-known/openid-configuration',
    '/.well-known/oauth-authorization-server/a%2Fb',
  ],
]

describe('where metadata is asked for', () => {
  for (const [name, oidcPath, oauth2Path] of places) {
    it(`is one place for ${name}`, async () => {
      const { origin } = new URL(name)
      const document = (): Response => json(metadata({ issuer: name }))
      const suffixed = discover(document, oidc({ issuer: name }), origin + oidcPath)
      expect((await suffixed.found).issuer).toBe(name)
      expect(suffixed.asked).toEqual([origin + oidcPath])
      const inserted = discover(document, oauth2({ id: 'a', issuer: name }), origin + oauth2Path)
      expect((await inserted.found).issuer).toBe(name)
      expect(inserted.asked).toEqual([origin + oauth2Path])
    })
  }
})

const otherIssuers: readonly unknown[] = [
  'https://evil.example',
  `${issuer}/`,
  `${issuer}:443`,
  'HTTPS://as.example',
  'https://AS.example',
  'https://as.example?',
  `${issuer}/tenant`,
  'http://as.example',
]

describe('whose metadata is believed', () => {
  for (const named of otherIssuers) {
    it(`is not that of ${String(named)}, and nobody else is asked`, async () => {
      const { found, asked } = discover(() => json(metadata({ issuer: named })))
      const error = await failureOf(found)
      expect(error).toMatchObject({ code: 'issuer_mismatch', detail: { expected: issuer, received: named } })
      expect(asked).toEqual([wellKnown])
    })
  }

  for (const named of [undefined, null, '', 5, [issuer], { issuer }]) {
    it(`is not that of nobody (${JSON.stringify(named)})`, async () => {
      const { found, asked } = discover(() => json(metadata({ issuer: named })))
      expect(await failureOf(found)).toMatchObject({ code: 'invalid_response', detail: { endpoint: 'discovery' } })
      expect(asked).toEqual([wellKnown])
    })
  }

  it('shows a foreign issuer without its control characters', async () => {
    const { found } = discover(() => json(metadata({ issuer: `https://evil.example/\u202e\u0007${'x'.repeat(500)}` })))
    const error = await failureOf(found)
    expect(error.message).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    expect(error.message.length).toBeLessThan(400)
  })
})

const hostile: readonly string[] = [
  'http://as.example/token',
  'http://10.0.0.1/token',
  'http://localhost/token',
  'https://user@as.example/token',
  'https://user:hunter2@as.example/token',
  'https://as.example/token#fragment',
  'https://as.example/token#',
  'data:application/json,{}',
  'javascript:alert(1)',
  'file:///etc/passwd',
  'ftp://as.example/token',
  'blob:https://as.example/1',
  '/token',
  '//as.example/token',
  'token',
  '',
  'https://10.0.0.1/token',
  'https://127.0.0.1/token',
  'https://2130706433/token',
  'https://0x7f000001/token',
  'https://0177.0.0.1/token',
  'https://127.1/token',
  'https://0/token',
  'https://169.254.169.254/latest',
  'https://2852039166/latest',
  'https://0xa9fea9fe/latest',
  'https://172.16.0.1/token',
  'https://172.31.255.255/token',
  'https://192.168.0.1/token',
  'https://192.0.0.192/token',
  'https://100.100.100.200/token',
  'https://198.18.0.1/token',
  'https://224.0.0.1/token',
  'https://255.255.255.255/token',
  'https://[::1]/token',
  'https://[::]/token',
  'https://[::ffff:169.254.169.254]/token',
  'https://[::ffff:a9fe:a9fe]/token',
  'https://[::169.254.169.254]/token',
  'https://[64:ff9b::169.254.169.254]/token',
  'https://[2002:a9fe:a9fe::1]/token',
  'https://[fe80::1]/token',
  'https://[fec0::1]/token',
  'https://[fd00:ec2::254]/token',
  'https://[ff02::1]/token',
  'https://localhost/token',
  'https://localhost./token',
  'https://api.localhost/token',
  'https://metadata.google.internal/token',
  'https://printer.local/token',
]

describe('an endpoint that the metadata names', () => {
  for (const url of hostile) {
    it(`is refused at once when it is ${JSON.stringify(url)}`, async () => {
      for (const name of ['token_endpoint', 'authorization_endpoint', 'revocation_endpoint', 'jwks_uri']) {
        const error = await failureOf(discover(() => json(metadata({ [name]: url }))).found)
        expect(error).toMatchObject({ code: 'config', detail: { reason: expect.stringContaining(name) } })
        expect(legible(error)).not.toContain('hunter2')
      }
    })
  }

  for (const value of [5, true, {}, ['https://as.example/token']]) {
    it(`is refused when it is ${JSON.stringify(value)}`, async () => {
      expect(await failureOf(discover(() => json(metadata({ userinfo_endpoint: value }))).found)).toMatchObject({
        code: 'config',
      })
    })
  }

  for (const url of [
    'https://172.32.0.1/t',
    'https://11.0.0.1/t',
    'https://10.example.com/t',
    'https://[2001:db8::1]/t',
  ]) {
    it(`may be ${url}`, async () => {
      expect(await discover(() => json(metadata({ token_endpoint: url }))).found).toMatchObject({ token_endpoint: url })
    })
  }

  it('may be private when the issuer itself is', async () => {
    const here = 'https://10.0.0.1'
    const provider = oidc({ issuer: here })
    const document = (): Response => json(metadata({ issuer: here, token_endpoint: 'https://10.0.0.2/token' }))
    const { found } = discover(document, provider, `${here}/.well-known/openid-configuration`)
    expect(await found).toMatchObject({ token_endpoint: 'https://10.0.0.2/token' })
  })

  it('counts as absent when it is null', async () => {
    expect(await discover(() => json(metadata({ end_session_endpoint: null }))).found).not.toHaveProperty(
      'end_session_endpoint',
    )
  })
})

const defective: readonly (readonly [name: string, answer: () => Response, expected: object])[] = [
  ['404', () => new Response('', { status: 404 }), { code: 'invalid_response', detail: { status: 404 } }],
  ['a web page', () => new Response('<!doctype html>'), { code: 'invalid_response' }],
  ['a web page that says 404', () => new Response('<p>', { status: 404 }), { code: 'invalid_response' }],
  ['an empty body', () => new Response(''), { code: 'invalid_response' }],
  ['204', () => new Response(null, { status: 204 }), { code: 'invalid_response' }],
  ['201', () => json(metadata(), { status: 201 }), { code: 'invalid_response' }],
  ['an array', () => json([metadata()]), { code: 'invalid_response' }],
  ['null', () => json('null'), { code: 'invalid_response' }],
  ['a string', () => json('"metadata"'), { code: 'invalid_response' }],
  ['half a document', () => json(JSON.stringify(metadata()).slice(0, 40)), { code: 'invalid_response' }],
  ['an error', () => json({ error: 'not_here' }, { status: 400 }), { code: 'authorization_failed' }],
  ['429', () => json({}, { status: 429 }), { code: 'rate_limited' }],
  ['503', () => new Response('<h1>', { status: 503 }), { code: 'server_error' }],
  [
    'a redirect',
    () => new Response(null, { status: 302, headers: { location: '/' } }),
    { code: 'unexpected_redirect' },
  ],
  ['10 MB', () => json(`{"issuer":"${issuer}","x":"${'x'.repeat(10_000_000)}"}`), { code: 'invalid_response' }],
  ['100 000 arrays', () => json(`{"issuer":"${issuer}","x":${'['.repeat(100_000)}`), { code: 'invalid_response' }],
  ['100 000 objects', () => json('{"x":'.repeat(100_000)), { code: 'invalid_response' }],
]

describe('a metadata document', () => {
  for (const [name, answer, expected] of defective) {
    it(`that is ${name} is a typed failure of discovery`, async () => {
      const { found, asked } = discover(answer)
      const error = await failureOf(found)
      expect(error).toMatchObject(expected)
      expect(error.detail).toMatchObject({ endpoint: 'discovery' })
      expect(asked).toHaveLength(1)
    })
  }

  it('that never ends is given up after the timeout', async () => {
    const server = double()
    const { fetch } = site({ [wellKnown]: () => new Response(new ReadableStream()) })
    const found = failureOf(discoverServer(oidc({ issuer }), worldOf(server, fetch)))
    await new Promise((resolve) => setTimeout(resolve, 5))
    server.clock.advance(30_000)
    expect(await found).toMatchObject({ code: 'timeout', detail: { after: 30_000 } })
  })

  it('is JSON whatever its label says', async () => {
    const { found } = discover(() => json(metadata(), { headers: { 'content-type': 'text/plain' } }))
    expect(await found).toMatchObject({ issuer })
  })

  it('cannot reach beyond its own members', async () => {
    const text = JSON.stringify(metadata()).replace(
      /}$/,
      ',"__proto__":{"revocation_endpoint":"https://evil.example"}}',
    )
    expect(await discover(() => json(text)).found).not.toHaveProperty('revocation_endpoint')
    expect(({} as Record<string, unknown>)['revocation_endpoint']).toBeUndefined()
  })
})

describe('PKCE', () => {
  for (const methods of [['plain'], [], ['s256'], 'S256', ['S512'], [5], {}, null]) {
    it(`with ${JSON.stringify(methods)} on offer ends before anybody is sent anywhere`, async () => {
      const { found } = discover(() => json(metadata({ code_challenge_methods_supported: methods })))
      expect(await failureOf(found)).toMatchObject({
        code: 'config',
        detail: { reason: expect.stringContaining('S256') },
      })
    })
  }

  for (const methods of [undefined, ['S256'], ['plain', 'S256']]) {
    it(`is S256 with ${JSON.stringify(methods)} on offer`, async () => {
      expect(await discover(() => json(metadata({ code_challenge_methods_supported: methods }))).found).toBeDefined()
    })
  }
})

describe('a provider that names its endpoints', () => {
  const row = { id: 'row', endpoints: { authorization: `${issuer}/authorize`, token: `${issuer}/token` } }

  it('is not asked for metadata', async () => {
    const { found, asked } = discover(() => json(metadata()), oauth2(row))
    expect(await found).toMatchObject({ issuer, token_endpoint: `${issuer}/token` })
    expect(asked).toEqual([])
  })

  for (const url of [
    'http://as.example/t',
    'https://u@as.example/t',
    'https://as.example/t#',
    'javascript:0',
    'data:,',
  ]) {
    it(`may not name ${url}`, async () => {
      const endpoints = { ...row.endpoints, revocation: url }
      expect(await failureOf(discover(() => json({}), oauth2({ ...row, endpoints })).found)).toMatchObject({
        code: 'config',
      })
    })
  }

  for (const named of ['not a URL', 'http://as.example', 'https://u:p@as.example']) {
    it(`may not call itself ${named}`, async () => {
      const { found } = discover(() => json({}), oauth2({ ...row, issuer: named }))
      expect(await failureOf(found)).toMatchObject({
        code: 'config',
        detail: { reason: expect.stringContaining('issuer') },
      })
    })
  }

  it('needs endpoints or an issuer', async () => {
    expect(await failureOf(discover(() => json({}), { id: 'x', name: 'x' }).found)).toMatchObject({ code: 'config' })
  })

  for (const named of [
    'not a URL',
    'http://as.example',
    'https://as.example?tenant=1',
    'https://as.example#',
    'as.example',
  ]) {
    it(`is never asked for the metadata of ${named}`, async () => {
      const { found, asked } = discover(() => json({}), oidc({ issuer: named, id: 'x' }))
      expect(await failureOf(found)).toMatchObject({ code: 'config' })
      expect(asked).toEqual([])
    })
  }
})

describe('http on loopback', () => {
  const here = 'http://127.0.0.1:8080'
  const document = (): Response =>
    json(metadata({ issuer: here, authorization_endpoint: `${here}/a`, token_endpoint: `${here}/t` }))

  it('needs to be allowed', async () => {
    const { found } = discover(document, oidc({ issuer: here }), `${here}/.well-known/openid-configuration`)
    expect(await failureOf(found)).toMatchObject({
      code: 'config',
      detail: { reason: expect.stringContaining('allowInsecureLoopback') },
    })
  })

  it('and nowhere else is allowed then', async () => {
    const { fetch } = site({ [`${here}/.well-known/openid-configuration`]: document })
    const world = { ...worldOf(double(), fetch), allowInsecureLoopback: true }
    expect(await discoverServer(oidc({ issuer: here }), world)).toMatchObject({ token_endpoint: `${here}/t` })
    for (const elsewhere of [
      'http://10.0.0.1',
      'http://as.example',
      'http://localhost.evil.example',
      'http://127.0.0.2',
    ]) {
      expect(await failureOf(discoverServer(oidc({ issuer: elsewhere }), world))).toMatchObject({ code: 'config' })
    }
  })
})

describe('a sign-in under way', () => {
  it('sends its code to the endpoint it began with, whatever the metadata says by then', async () => {
    const server = double()
    const parties = await partiesOf(server)
    const { transaction, callback } = await started(server, parties)
    const moved = { ...parties.server, token_endpoint: 'https://evil.example/token' }
    await finished({ ...parties, server: moved }, transaction, callback)
    expect(server.history.count({ endpoint: 'token', status: 200 })).toBe(1)
  })

  it('cannot begin without a token endpoint', async () => {
    const parties = await partiesOf(double())
    const { token_endpoint: _, ...server } = parties.server
    const begin = (): unknown =>
      beginTransaction({ ...parties, server }, { slot: 's', redirectUri, scopes: [], lifetime: 1 })
    expect(await failureOf(begin)).toMatchObject({ code: 'config' })
  })
})
