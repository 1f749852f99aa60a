import { describe, expect, it } from 'vitest'

import {
  authorizationUrl,
  beginTransaction,
  clientSecretPost,
  generateCodeChallenge,
  generateCodeVerifier,
  generateState,
} from '../../../src/core/index.ts'
import type { AuthorizationRequest, Parties } from '../../../src/core/index.ts'
import { oauth2 } from '../../../src/providers/oauth2.ts'
import { fingerprint } from '../../../src/testing/index.ts'
import { double, failureOf, finished, json, partiesOf, redirectUri, scopes, site, started, worldOf } from './rig.ts'

const parties = await partiesOf(double())
const request: AuthorizationRequest = { slot: 'test', redirectUri, scopes, lifetime: 600_000 }

async function urlOf(
  request: AuthorizationRequest,
  params: Readonly<Record<string, string>> = {},
  who: Parties = parties,
): Promise<URL> {
  return (await authorizationUrl(who, beginTransaction(who, request), { params, pushed: false })).url
}

function endpointAt(authorization: string): Promise<Parties> {
  const provider = oauth2({ id: 'x', endpoints: { authorization, token: 'https://as.example/token' } })
  return partiesOf(double(), { provider })
}

describe('the authorization URL', () => {
  it('carries the code flow, the state and the challenge of the verifier, and not the verifier', async () => {
    const transaction = beginTransaction(parties, request)
    const { url, expiresAt } = await authorizationUrl(parties, transaction, { pushed: false })
    expect(Object.fromEntries(url.searchParams)).toEqual({
      response_type: 'code',
      client_id: 'app',
      redirect_uri: redirectUri,
      scope: scopes.join(' '),
      state: transaction.state,
      code_challenge: await generateCodeChallenge(transaction.codeVerifier),
      code_challenge_method: 'S256',
      nonce: transaction.nonce,
    })
    expect(url.href).not.toContain(transaction.codeVerifier)
    expect(expiresAt).toBe(transaction.expiresAt)
  })

  it('computes the challenge of RFC 7636, appendix B', async () => {
    const challenge = await generateCodeChallenge('dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk')
    expect(challenge).toBe('E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM')
  })

  it('asks for a nonce where OpenID Connect is spoken, and nowhere else', () => {
    expect(beginTransaction(parties, request).nonce).toMatch(/^[\w-]{43}$/)
    expect(beginTransaction(parties, { ...request, scopes: ['read'] })).not.toHaveProperty('nonce')
  })

  it('keeps the query that the endpoint already has', async () => {
    const url = await urlOf(request, {}, await endpointAt('https://as.example/a?tenant=x&tenant=y&empty='))
    expect(url.searchParams.getAll('tenant')).toEqual(['x', 'y'])
    expect(url.searchParams.getAll('client_id')).toEqual(['app'])
  })

  for (const name of ['client_id', 'state', 'scope', 'redirect_uri', 'code_challenge', 'prompt']) {
    it(`does not give ${name} a second time`, async () => {
      const who = await endpointAt(`https://as.example/a?${name}=theirs`)
      expect(await failureOf(urlOf(request, { prompt: 'login' }, who))).toMatchObject({ code: 'config' })
    })
  }

  it('has no empty parameter', async () => {
    const url = await urlOf({ ...request, scopes: [] }, { prompt: '', login_hint: 'ada' })
    expect([...url.searchParams].filter(([, value]) => value === '')).toEqual([])
    expect(url.searchParams.has('scope')).toBe(false)
    expect((await urlOf({ ...request, scopes: [''] })).searchParams.has('scope')).toBe(false)
    expect(url.searchParams.get('login_hint')).toBe('ada')
  })

  const reserved = [
    'client_id',
    'client_secret',
    'code_challenge',
    'code_challenge_method',
    'nonce',
    'redirect_uri',
    'request',
    'request_uri',
    'resource',
    'response_mode',
    'response_type',
    'scope',
    'state',
  ]
  for (const name of reserved) {
    it(`takes no ${name} from outside, neither of the caller nor of the provider`, async () => {
      expect(await failureOf(urlOf(request, { [name]: 'x' }))).toMatchObject({ code: 'config' })
      const provider = { ...parties.provider, authorizationParams: { [name]: 'x' } }
      expect(await failureOf(urlOf(request, {}, { ...parties, provider }))).toMatchObject({ code: 'config' })
    })
  }

  it('lets the caller replace what the provider adds', async () => {
    const provider = { ...parties.provider, authorizationParams: { prompt: 'login', access_type: 'offline' } }
    const { searchParams } = await urlOf(request, { prompt: 'consent' }, { ...parties, provider })
    expect(searchParams.getAll('prompt')).toEqual(['consent'])
    expect(searchParams.get('access_type')).toBe('offline')
  })

  for (const bad of [
    '',
    '/callback',
    'app.example.com',
    `${redirectUri}#x`,
    `${redirectUri}#`,
    'https://a:b@app.example.com/callback',
    'javascript:alert(1)',
    'data:text/html,x',
    'myapp://callback',
  ]) {
    it(`does not send anybody back to ${JSON.stringify(bad)}`, async () => {
      expect(await failureOf(() => beginTransaction(parties, { ...request, redirectUri: bad }))).toMatchObject({
        code: 'config',
        detail: { reason: expect.stringContaining('redirectUri') },
      })
    })
  }

  for (const good of [`${redirectUri}?tenant=x`, 'http://127.0.0.1:8080/cb', 'com.example.app:/callback']) {
    it(`gives ${good} as it was registered`, async () => {
      expect((await urlOf({ ...request, redirectUri: good })).searchParams.get('redirect_uri')).toBe(good)
    })
  }

  for (const bad of ['', 'api', '/api', 'https://api.example.com#x']) {
    it(`does not ask for a token for ${JSON.stringify(bad)}`, async () => {
      expect(await failureOf(() => beginTransaction(parties, { ...request, resource: bad }))).toMatchObject({
        code: 'config',
        detail: { reason: expect.stringContaining('resource') },
      })
    })
  }

  it('names the resource, and so does the exchange', async () => {
    const server = double()
    const who = await partiesOf(server)
    const resource = 'https://api.example.com/v1'
    const { transaction, callback } = await started(server, who, { resource })
    expect((await urlOf({ ...request, resource })).searchParams.get('resource')).toBe(resource)
    await finished(who, transaction, callback)
    expect(server.history.last('token')?.params).toMatchObject({ resource, redirect_uri: redirectUri })
  })

  it('needs an endpoint to lead to', async () => {
    const { authorization_endpoint: _, ...server } = parties.server
    expect(await failureOf(urlOf(request, {}, { ...parties, server }))).toMatchObject({ code: 'config' })
  })
})

describe('state and verifier', () => {
  it('are new each time in 100 000 starts, long enough, and never of Math.random', { timeout: 60_000 }, () => {
    const { random } = Math
    Math.random = () => {
      throw new Error('Math.random was called.')
    }
    try {
      const seen = new Set<string>()
      for (let i = 0; i < 100_000; i++) {
        const { state, codeVerifier, nonce = '' } = beginTransaction(parties, request)
        for (const value of [state, codeVerifier, nonce]) {
          if (!/^[\w-]{43}$/.test(value)) expect.fail(`${value.length} characters`)
          seen.add(value)
        }
      }
      expect(seen.size).toBe(300_000)
    } finally {
      Math.random = random
    }
  })

  it('use all the characters of base64url evenly enough', () => {
    const counts = new Map<string, number>()
    for (let i = 0; i < 2000; i++) {
      for (const character of generateState().slice(0, 42) + generateCodeVerifier().slice(0, 42)) {
        counts.set(character, (counts.get(character) ?? 0) + 1)
      }
    }
    expect(counts.size).toBe(64)
    const expected = (2000 * 84) / 64
    expect(Math.min(...counts.values())).toBeGreaterThan(expected * 0.85)
    expect(Math.max(...counts.values())).toBeLessThan(expected * 1.15)
  })

  it('tell nothing of what is kept on this side', async () => {
    const appState = { returnTo: '/inbox' }
    const { state } = beginTransaction(parties, { ...request, appState })
    const decoded = atob(state.replaceAll('-', '+').replaceAll('_', '/') + '=')
    expect(decoded).not.toContain('inbox')
    expect((await urlOf({ ...request, appState })).href).not.toContain('inbox')
  })
})

describe('a pushed authorization request', () => {
  it('leaves the client id and a reference in the URL, and nothing else', async () => {
    const clients = [
      {
        clientId: 'web',
        redirectUris: [redirectUri],
        authMethod: 'client_secret_post' as const,
        clientSecret: 's3cret',
      },
    ]
    const server = double({ requirePar: true, clients })
    const who = await partiesOf(server, { clientId: 'web', clientAuth: clientSecretPost('s3cret') })
    const transaction = beginTransaction(who, request)
    const { url, expiresAt } = await authorizationUrl(who, transaction, { params: { prompt: 'login' }, pushed: true })
    expect([...url.searchParams.keys()].sort()).toEqual(['client_id', 'request_uri'])
    expect(expiresAt).toBe(server.clock.now() + 90_000)
    const pushed = server.history.last('pushedAuthorization')
    expect(pushed).toMatchObject({ authMethod: 'client_secret_post', status: 201 })
    expect(pushed?.params).toMatchObject({
      response_type: 'code',
      client_id: 'web',
      redirect_uri: redirectUri,
      scope: scopes.join(' '),
      state: await fingerprint(transaction.state),
      code_challenge: await generateCodeChallenge(transaction.codeVerifier),
      code_challenge_method: 'S256',
      prompt: 'login',
    })
    const grant = await finished(who, transaction, await server.approve(url))
    expect(grant.account?.subject).toBe('ada')
  })

  const answers: readonly (readonly [name: string, answer: () => Response, code: string])[] = [
    ['500', () => json({ error: 'server_error' }, { status: 500 }), 'server_error'],
    ['a web page', () => new Response('<h1>', { status: 201 }), 'invalid_response'],
    ['a 200', () => json({ request_uri: 'urn:x', expires_in: 60 }), 'invalid_response'],
    ['no request_uri', () => json({ expires_in: 60 }, { status: 201 }), 'invalid_response'],
    ['no expires_in', () => json({ request_uri: 'urn:x' }, { status: 201 }), 'invalid_response'],
    ['an endless life', () => json('{"request_uri":"urn:x","expires_in":1e400}', { status: 201 }), 'invalid_response'],
    ['a refusal', () => json({ error: 'invalid_request' }, { status: 400 }), 'authorization_failed'],
    ['a 401', () => json({ error: 'invalid_client' }, { status: 401 }), 'authorization_failed'],
  ]
  for (const [name, answer, code] of answers) {
    it(`that is answered with ${name} is an error, and the parameters do not go another way`, async () => {
      const endpoint = 'https://as.latchkey.test/par'
      const { fetch, asked } = site({ [endpoint]: answer })
      const who = { ...parties, world: worldOf(double(), fetch) }
      const attempt = authorizationUrl(who, beginTransaction(who, request), { pushed: true })
      expect(await failureOf(attempt)).toMatchObject({ code, detail: { endpoint: 'pushed_authorization' } })
      expect(asked).toEqual([endpoint])
    })
  }

  it('is unsupported where the server has no such endpoint', async () => {
    const { pushed_authorization_request_endpoint: _, ...server } = parties.server
    const who = { ...parties, server }
    const attempt = authorizationUrl(who, beginTransaction(who, request), { pushed: true })
    expect(await failureOf(attempt)).toMatchObject({ code: 'unsupported' })
  })

  it('is good once', async () => {
    const server = double({ requirePar: true })
    const who = await partiesOf(server)
    const { url } = await authorizationUrl(who, beginTransaction(who, request), { pushed: true })
    await server.approve(url)
    await expect(server.approve(url)).rejects.toThrow(TypeError)
  })
})
