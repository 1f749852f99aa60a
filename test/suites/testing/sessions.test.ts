import { decodeJwt } from 'jose'
import { describe, expect, it } from 'vitest'
import { createAuthorizationServer } from '../../../src/testing/index.ts'
import { authorizationUrl, callApi, exchange, postForm, redirectUri, refresh, signIn } from './browserless.ts'

const two = [
  { clientId: 'app', redirectUris: [redirectUri] },
  { clientId: 'other', redirectUris: [redirectUri] },
]

describe('codes', () => {
  it('are good once; a second time takes back what came of the first', async () => {
    const server = createAuthorizationServer()
    const callback = await server.approve(authorizationUrl(server))
    const { access_token, refresh_token } = await (await exchange(server, callback)).json()
    const again = await exchange(server, callback)
    expect(await again.json()).toMatchObject({ error: 'invalid_grant' })
    expect(server.history.last('token')?.reuse).toBe(true)
    expect((await callApi(server, access_token)).status).toBe(401)
    expect((await refresh(server, refresh_token)).status).toBe(400)
  })

  it('are burnt by an exchange that fails', async () => {
    for (const changes of [
      { code_verifier: 'x'.repeat(43) },
      { redirect_uri: 'https://app.example.com/other' },
      { client_id: 'other' },
    ]) {
      const server = createAuthorizationServer({ clients: two })
      const callback = await server.approve(authorizationUrl(server))
      expect(await (await exchange(server, callback, changes)).json()).toMatchObject({ error: 'invalid_grant' })
      expect((await exchange(server, callback)).status, JSON.stringify(changes)).toBe(400)
    }
  })

  it('expire', async () => {
    const server = createAuthorizationServer()
    const callback = await server.approve(authorizationUrl(server))
    server.clock.advance(60_000)
    expect((await exchange(server, callback)).status).toBe(400)
  })
})

describe('refreshing', () => {
  it('narrows the scopes of one access token, and does not widen them', async () => {
    const server = createAuthorizationServer()
    const tokens = await signIn(server)
    const narrow = await (await refresh(server, tokens.refresh_token, { scope: 'read' })).json()
    expect(narrow).toMatchObject({ scope: 'read' })
    const wide = await refresh(server, narrow.refresh_token, { scope: 'read write' })
    expect(await wide.json()).toMatchObject({ error: 'invalid_scope' })
    const whole = await (await refresh(server, narrow.refresh_token)).json()
    expect(whole).toMatchObject({ scope: 'openid profile read' })
  })

  it('brings an ID token of the same sign-in, without its nonce', async () => {
    const server = createAuthorizationServer()
    const first = await signIn(server)
    server.clock.advance(60_000)
    const second = await (await refresh(server, first.refresh_token)).json()
    const [before, after] = [decodeJwt(first.id_token), decodeJwt(second.id_token)]
    expect(before['nonce']).toBe('nonce-1')
    expect(after).not.toHaveProperty('nonce')
    expect(after).toMatchObject({ auth_time: before['auth_time'], sid: before['sid'], sub: 'ada' })
    expect(after.iat).toBeGreaterThan(before.iat ?? 0)
  })

  it('is for the client that the token was issued to', async () => {
    const server = createAuthorizationServer({ clients: two })
    const tokens = await signIn(server)
    expect((await refresh(server, tokens.refresh_token, { client_id: 'other' })).status).toBe(400)
    expect((await refresh(server, tokens.refresh_token)).status).toBe(200)
  })

  it('is not offered to a client that may not', async () => {
    const server = createAuthorizationServer({
      clients: [{ clientId: 'app', redirectUris: [redirectUri], grantTypes: ['authorization_code'] }],
    })
    expect(await signIn(server)).not.toHaveProperty('refresh_token')
  })
})

describe('revocation', () => {
  it('of a refresh token ends the session', async () => {
    const server = createAuthorizationServer()
    const tokens = await signIn(server)
    const answer = await postForm(server, '/revoke', { client_id: 'app', token: tokens.refresh_token })
    expect(answer.status).toBe(200)
    expect((await callApi(server, tokens.access_token)).status).toBe(401)
    expect((await refresh(server, tokens.refresh_token)).status).toBe(400)
    expect(server.history.last('revocation')).toMatchObject({ refreshTokenId: 'rt-1', family: 'family-1' })
  })

  it('of an access token ends that token only', async () => {
    const server = createAuthorizationServer()
    const tokens = await signIn(server)
    await postForm(server, '/revoke', { client_id: 'app', token: tokens.access_token })
    expect((await callApi(server, tokens.access_token)).status).toBe(401)
    expect((await refresh(server, tokens.refresh_token)).status).toBe(200)
  })

  it('of an unknown token is no error, of another client’s is one', async () => {
    const server = createAuthorizationServer({ clients: two })
    const tokens = await signIn(server)
    expect((await postForm(server, '/revoke', { client_id: 'app', token: 'unknown' })).status).toBe(200)
    expect((await postForm(server, '/revoke', { client_id: 'app' })).status).toBe(400)
    expect((await postForm(server, '/revoke', { client_id: 'other', token: tokens.access_token })).status).toBe(400)
    expect((await callApi(server, tokens.access_token)).status).toBe(200)
  })

  it('can come from the administrator', async () => {
    const server = createAuthorizationServer()
    const tokens = await signIn(server)
    server.revokeAccessTokens()
    expect((await callApi(server, tokens.access_token)).status).toBe(401)
    const next = await (await refresh(server, tokens.refresh_token)).json()
    expect((await callApi(server, next.access_token)).status).toBe(200)
    server.revokeSessions()
    expect((await callApi(server, next.access_token)).status).toBe(401)
    expect((await refresh(server, next.refresh_token)).status).toBe(400)
  })
})

describe('user info', () => {
  it('tells what the scopes allow', async () => {
    const server = createAuthorizationServer()
    const tokens = await signIn(server)
    const answer = await server.fetch(`${server.issuer}/userinfo`, {
      headers: { authorization: `Bearer ${tokens.access_token}` },
    })
    expect(await answer.json()).toEqual({ sub: 'ada', name: 'Ada Lovelace' })
  })

  it('tells nothing without openid', async () => {
    const server = createAuthorizationServer()
    const callback = await server.approve(authorizationUrl(server, { scope: 'read' }))
    const { access_token } = await (await exchange(server, callback)).json()
    const answer = await server.fetch(`${server.issuer}/userinfo`, {
      headers: { authorization: `Bearer ${access_token}` },
    })
    expect(answer.status).toBe(403)
    expect(await answer.json()).toMatchObject({ error: 'insufficient_scope' })
  })
})

describe('signing out at the server', () => {
  it('ends the session of the ID token, also of an expired one, and returns', async () => {
    const server = createAuthorizationServer()
    const tokens = await signIn(server)
    server.clock.advance(7_200_000)
    const fields = { id_token_hint: tokens.id_token, post_logout_redirect_uri: redirectUri, state: 'bye' }
    const answer = await server.fetch(`${server.issuer}/logout?${new URLSearchParams(fields)}`)
    expect(answer.headers.get('location')).toBe(`${redirectUri}?state=bye`)
    expect((await refresh(server, tokens.refresh_token)).status).toBe(400)
  })

  it('returns nowhere that is not registered, and ends nothing by a forged hint', async () => {
    const server = createAuthorizationServer()
    const tokens = await signIn(server)
    for (const fields of [
      { id_token_hint: tokens.id_token, post_logout_redirect_uri: 'https://evil.example/' },
      { id_token_hint: `${tokens.id_token.slice(0, -4)}AAAA` },
      { id_token_hint: tokens.id_token, client_id: 'other' },
    ]) {
      const answer = await server.fetch(`${server.issuer}/logout?${new URLSearchParams(fields)}`)
      expect(answer.status).toBe(400)
      expect(answer.headers.get('location')).toBeNull()
    }
    expect((await refresh(server, tokens.refresh_token)).status).toBe(200)
  })
})

describe('the API', () => {
  it('sends as many events as asked for', async () => {
    const server = createAuthorizationServer()
    const { access_token } = await signIn(server)
    const answer = await callApi(server, access_token, '/stream?count=3&interval=5')
    expect(answer.headers.get('content-type')).toBe('text/event-stream')
    expect(await answer.text()).toBe([1, 2, 3].map((n) => `id: ${n}\ndata: {"number":${n}}\n\n`).join(''))
  })

  it('counts what it is sent', async () => {
    const server = createAuthorizationServer()
    const { access_token } = await signIn(server)
    const answer = await server.fetch(`${server.apiUrl}/echo`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${access_token}`, 'content-type': 'text/plain', 'x-trace': '7' },
      body: 'x'.repeat(1_000),
    })
    const echo = await answer.json()
    expect(echo).toMatchObject({ method: 'PUT', bodyLength: 1_000, headers: { 'x-trace': '7' } })
    expect(JSON.stringify(echo)).not.toContain(access_token)
  })

  it('stops a stream when the caller goes away', async () => {
    const server = createAuthorizationServer()
    const { access_token } = await signIn(server)
    const abort = new AbortController()
    const answer = await server.fetch(`${server.apiUrl}/stream?count=10000&interval=10000`, {
      headers: { authorization: `Bearer ${access_token}` },
      signal: abort.signal,
    })
    const reader = answer.body?.getReader()
    expect((await reader?.read())?.done).toBe(false)
    const next = reader?.read()
    abort.abort()
    await expect(next).rejects.toMatchObject({ name: 'AbortError' })
  })
})
