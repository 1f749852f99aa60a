import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createAuthorizationServer } from '../../../src/testing/index.ts'
import { authorizationUrl, postForm, signIn } from './browserless.ts'

const endpoints = [
  '/authorize',
  '/par',
  '/token',
  '/revoke',
  '/userinfo',
  '/device_authorization',
  '/device',
  '/logout',
  '/jwks',
  '/api/echo',
  '/api/stream',
  '/api/',
  '/.well-known/openid-configuration',
  '/nowhere',
]
const names = [
  'grant_type',
  'client_id',
  'client_secret',
  'client_assertion',
  'client_assertion_type',
  'code',
  'redirect_uri',
  'response_type',
  'refresh_token',
  'device_code',
  'user_code',
  'token',
  'ticket',
  'decision',
  'user',
  'scope',
  'id_token_hint',
  'post_logout_redirect_uri',
  'request_uri',
]
const values = fc.oneof(
  fc.constantFrom('app', 'code', 'authorization_code', 'refresh_token', 'openid', 'https://app.example.com/callback'),
  fc.string(),
  fc.string({ unit: 'binary' }),
)
const fields = fc.array(fc.tuple(fc.constantFrom(...names), values), { maxLength: 6 })
const types = fc.constantFrom('application/x-www-form-urlencoded', 'application/json', 'text/plain')
const credentials = fc.constantFrom(undefined, 'Basic OjpaOg==', 'Basic %%%', 'Bearer x', 'DPoP x', 'Bearer', '::')

describe('requests that nobody should send', () => {
  it('are answered, and never with a failure of the server', async () => {
    const server = createAuthorizationServer()
    const requests = fc.record({
      path: fc.constantFrom(...endpoints),
      method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'OPTIONS'),
      fields,
      type: types,
      authorization: credentials,
      dpop: fc.constantFrom(undefined, 'x', 'e30.e30.e30'),
    })
    await fc.assert(
      fc.asyncProperty(requests, async ({ path, method, fields, type, authorization, dpop }) => {
        const query = new URLSearchParams(fields).toString()
        const bodied = method === 'POST' || method === 'PUT'
        const answer = await server.fetch(`${server.issuer}${path}${bodied ? '' : `?${query}`}`, {
          method,
          headers: {
            'content-type': type,
            ...(authorization !== undefined && { authorization }),
            ...(dpop !== undefined && { dpop }),
          },
          ...(bodied && { body: query }),
        })
        expect(answer.status).toBeGreaterThanOrEqual(200)
        expect(answer.status).toBeLessThan(500)
        await answer.body?.cancel()
      }),
      { numRuns: 300 },
    )
    expect(server.history.count({ committed: true, endpoint: 'token' })).toBe(0)
  })

  it('of the wrong method are told which are right', async () => {
    const server = createAuthorizationServer()
    const answer = await server.fetch(`${server.issuer}/token`)
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST'])
    const page = await server.fetch(`${server.issuer}/logout`, { method: 'DELETE' })
    expect([page.status, page.headers.get('allow')]).toEqual([405, 'GET, POST'])
  })

  it('of the wrong type, too long or ambiguous are refused', async () => {
    const server = createAuthorizationServer()
    const fields = { grant_type: 'authorization_code', client_id: 'app' }
    const typed = await server.fetch(`${server.issuer}/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(fields),
    })
    expect(await typed.json()).toMatchObject({ error: 'invalid_request' })
    const long = await postForm(server, '/token', { ...fields, code: 'x'.repeat(70_000) })
    expect(long.status).toBe(413)
    const twice = await server.fetch(`${server.issuer}/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'grant_type=refresh_token&client_id=app&client_id=other',
    })
    expect(await twice.json()).toMatchObject({ error: 'invalid_request' })
    const repeated = authorizationUrl(server)
    repeated.searchParams.append('state', 'second')
    expect((await server.fetch(repeated)).status).toBe(400)
    expect(await (await postForm(server, '/token', { grant_type: 'password' })).json()).toMatchObject({
      error: 'unsupported_grant_type',
    })
    expect((await postForm(server, '/token', {})).status).toBe(400)
  })

  it('to the API cannot write into its headers', async () => {
    const server = createAuthorizationServer()
    const { access_token } = await signIn(server)
    for (const scope of ['a\r\nset-cookie: b', '"', 'a b']) {
      const url = `${server.apiUrl}/echo?${new URLSearchParams({ scope })}`
      const answer = await server.fetch(url, { headers: { authorization: `Bearer ${access_token}` } })
      expect(answer.status).toBe(400)
    }
  })

  it('for another host are sent away, and not written down', async () => {
    const server = createAuthorizationServer()
    const answer = await server.fetch('https://elsewhere.example/token', { method: 'POST', body: 'secret' })
    expect(answer.status).toBe(421)
    expect(server.history.entries).toEqual([])
  })
})

describe('other origins', () => {
  it('may read what is for programs, unless that is forbidden', async () => {
    const open = createAuthorizationServer()
    const closed = createAuthorizationServer({ cors: false })
    const allowed = async (server: typeof open): Promise<string | null> =>
      (await server.fetch(`${server.issuer}/jwks`)).headers.get('access-control-allow-origin')
    expect(await allowed(open)).toBe('*')
    expect(await allowed(closed)).toBeNull()
  })

  it('learn of a nonce, a wait and a challenge', async () => {
    const server = createAuthorizationServer()
    const answer = await server.fetch(`${server.apiUrl}/echo`)
    expect(answer.headers.get('access-control-expose-headers')).toBe('DPoP-Nonce, Retry-After, WWW-Authenticate')
  })
})
