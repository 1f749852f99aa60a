import { createLocalJWKSet, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { createAuthorizationServer, fingerprint } from '../../../src/testing/index.ts'
import {
  authorizationUrl,
  callApi,
  challenge,
  postForm,
  redirectUri,
  refresh,
  signIn,
  verifier,
} from './browserless.ts'

describe('signing in', () => {
  it('gives tokens for a code and the verifier of its challenge', async () => {
    const server = createAuthorizationServer()
    const callback = await server.approve(authorizationUrl(server))
    expect(callback.searchParams.get('state')).toBe('state-1')
    expect(callback.searchParams.get('iss')).toBe(server.issuer)
    const answer = await postForm(server, '/token', {
      grant_type: 'authorization_code',
      client_id: 'app',
      code: callback.searchParams.get('code') ?? '',
      code_verifier: verifier,
      redirect_uri: redirectUri,
    })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(await answer.json()).toMatchObject({
      token_type: 'Bearer',
      expires_in: 3600,
      scope: 'openid profile read',
      access_token: expect.stringMatching(/^at_/),
      refresh_token: expect.stringMatching(/^rt_/),
    })
  })

  it('signs an ID token that its published keys verify', async () => {
    const server = createAuthorizationServer()
    const tokens = await signIn(server)
    const jwks = await (await server.fetch(`${server.issuer}/jwks`)).json()
    const { payload } = await jwtVerify(tokens.id_token, createLocalJWKSet(jwks), {
      issuer: server.issuer,
      audience: 'app',
    })
    expect(payload).toMatchObject({ sub: 'ada', nonce: 'nonce-1', name: 'Ada Lovelace', at_hash: expect.any(String) })
  })

  it('lets the access token into the API, and nothing else', async () => {
    const server = createAuthorizationServer()
    const tokens = await signIn(server)
    const echo = await callApi(server, tokens.access_token)
    expect(await echo.json()).toMatchObject({ account: 'ada', scopes: ['openid', 'profile', 'read'], method: 'GET' })
    const refused = await callApi(server, 'at_unknown')
    expect(refused.status).toBe(401)
    expect(refused.headers.get('www-authenticate')).toContain('error="invalid_token"')
    const bare = await server.fetch(`${server.apiUrl}/echo`)
    expect(bare.headers.get('www-authenticate')).toBe('Bearer realm="api"')
    const narrow = await callApi(server, tokens.access_token, '/echo?scope=write')
    expect(narrow.status).toBe(403)
    expect(narrow.headers.get('www-authenticate')).toContain('error="insufficient_scope", scope="write"')
  })

  it('ends an access token when its time is over, and refreshes it', async () => {
    const server = createAuthorizationServer()
    const first = await signIn(server)
    server.clock.advance(3_600_001)
    expect((await callApi(server, first.access_token)).status).toBe(401)
    const second = await refresh(server, first.refresh_token)
    expect(second.status).toBe(200)
    const { access_token } = await second.json()
    expect((await callApi(server, access_token)).status).toBe(200)
  })

  it('writes down what was asked, with fingerprints where secrets were', async () => {
    const server = createAuthorizationServer()
    const tokens = await signIn(server)
    await callApi(server, tokens.access_token)
    const exchange = server.history.last('token')
    expect(exchange).toMatchObject({
      endpoint: 'token',
      method: 'POST',
      grant: 'authorization_code',
      clientId: 'app',
      authMethod: 'none',
      status: 200,
      committed: true,
      subject: 'ada',
      family: 'family-1',
    })
    expect(exchange?.params['code_verifier']).toBe(await fingerprint(verifier))
    expect(exchange?.params['redirect_uri']).toBe(redirectUri)
    expect(exchange?.headers['content-type']).toContain('application/x-www-form-urlencoded')
    const all = JSON.stringify(server.history.entries)
    for (const secret of [verifier, tokens.access_token, tokens.refresh_token, tokens.id_token]) {
      expect(all).not.toContain(secret)
    }
    expect(server.history.last('api')?.headers['authorization']).toBe(
      `Bearer ${await fingerprint(tokens.access_token)}`,
    )
  })

  it('hides what is secret by its name, however short, and what looks like a token under any name', async () => {
    const server = createAuthorizationServer()
    const { refresh_token } = await signIn(server)
    await server.fetch(
      authorizationUrl(server, { state: 'abc', originator: 'cli', code: 'true', misplaced: refresh_token }),
    )
    expect(server.history.last('authorization')?.params).toMatchObject({
      state: await fingerprint('abc'),
      code: await fingerprint('true'),
      misplaced: await fingerprint(refresh_token),
      originator: 'cli',
      scope: 'openid profile read',
      code_challenge: challenge,
    })
    await server.fetch(`${server.apiUrl}/echo`, { headers: { 'x-api-key': refresh_token, 'x-trace': '7' } })
    expect(server.history.last('api')?.headers).toMatchObject({
      'x-api-key': await fingerprint(refresh_token),
      'x-trace': '7',
    })
  })
})
