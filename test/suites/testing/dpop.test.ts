import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { createAuthorizationServer } from '../../../src/testing/index.ts'
import type { AuthorizationServer } from '../../../src/testing/index.ts'
import { authorizationUrl, exchange, postForm, signIn } from './browserless.ts'

interface Prover {
  readonly jkt: string
  prove(method: string, url: string, claims?: Record<string, unknown>): Promise<string>
}

async function prover(server: AuthorizationServer): Promise<Prover> {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const jwk = await exportJWK(publicKey)
  return {
    jkt: await calculateJwkThumbprint(jwk),
    prove: (htm, htu, claims = {}) =>
      new SignJWT({ jti: crypto.randomUUID(), iat: Math.floor(server.clock.now() / 1000), htm, htu, ...claims })
        .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
        .sign(privateKey),
  }
}

async function hash(token: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token)))
  return btoa(String.fromCharCode(...digest))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

async function exchangeWith(server: AuthorizationServer, proof: string): Promise<Response> {
  return exchange(server, await server.approve(authorizationUrl(server)), {}, { dpop: proof })
}

function echo(server: AuthorizationServer, authorization: string, dpop?: string): Promise<Response> {
  return server.fetch(`${server.apiUrl}/echo`, {
    headers: { authorization, ...(dpop !== undefined && { dpop }) },
  })
}

describe('DPoP', () => {
  it('binds the tokens to the key of the proof', async () => {
    const server = createAuthorizationServer()
    const { prove } = await prover(server)
    const tokenUrl = `${server.issuer}/token`
    const tokens = await (await exchangeWith(server, await prove('POST', tokenUrl))).json()
    expect(tokens.token_type).toBe('DPoP')
    const ath = await hash(tokens.access_token)
    const api = `${server.apiUrl}/echo`
    expect((await echo(server, `DPoP ${tokens.access_token}`, await prove('GET', api, { ath }))).status).toBe(200)
    const other = await prover(server)
    for (const [authorization, proof] of [
      [`DPoP ${tokens.access_token}`, undefined],
      [`Bearer ${tokens.access_token}`, await prove('GET', api, { ath })],
      [`Bearer ${tokens.access_token}`, undefined],
      [`DPoP ${tokens.access_token}`, await prove('GET', api)],
      [`DPoP ${tokens.access_token}`, await other.prove('GET', api, { ath })],
      [`DPoP ${tokens.access_token}`, await prove('POST', api, { ath })],
      [`DPoP ${tokens.access_token}`, await prove('GET', `${api}x`, { ath })],
    ] as const) {
      const refused = await echo(server, authorization, proof)
      expect(refused.status).toBe(401)
      expect(refused.headers.get('www-authenticate')).toMatch(/^(DPoP|Bearer) /)
    }
    const refresh = { grant_type: 'refresh_token', client_id: 'app', refresh_token: tokens.refresh_token }
    expect((await postForm(server, '/token', refresh)).status).toBe(400)
    expect((await postForm(server, '/token', refresh, { dpop: await other.prove('POST', tokenUrl) })).status).toBe(400)
    expect((await postForm(server, '/token', refresh, { dpop: await prove('POST', tokenUrl) })).status).toBe(200)
  })

  it('is no way to present a token that is bound to no key', async () => {
    const server = createAuthorizationServer()
    const { access_token } = await signIn(server)
    expect((await echo(server, `Bearer ${access_token}`)).status).toBe(200)
    const { prove } = await prover(server)
    const proof = await prove('GET', `${server.apiUrl}/echo`, { ath: await hash(access_token) })
    expect((await echo(server, `DPoP ${access_token}`, proof)).status).toBe(401)
  })

  it('refuses a proof that is old, seen before, or not one', async () => {
    const server = createAuthorizationServer()
    const { prove } = await prover(server)
    const tokenUrl = `${server.issuer}/token`
    const once = await prove('POST', tokenUrl)
    expect((await exchangeWith(server, once)).status).toBe(200)
    for (const proof of [
      once,
      'garbage',
      await prove('POST', tokenUrl, { iat: 1 }),
      await prove('POST', tokenUrl, { jti: undefined }),
    ]) {
      const refused = await exchangeWith(server, proof)
      expect(refused.status).toBe(400)
      expect(await refused.json()).toMatchObject({ error: 'invalid_dpop_proof' })
    }
  })

  it('can be required, and can be off', async () => {
    const required = createAuthorizationServer({ dpop: 'required' })
    const bare = await exchange(required, await required.approve(authorizationUrl(required)))
    expect(await bare.json()).toMatchObject({ error: 'invalid_dpop_proof' })
    const off = createAuthorizationServer({ dpop: 'off' })
    const { prove } = await prover(off)
    const tokens = await exchangeWith(off, await prove('POST', `${off.issuer}/token`))
    expect(await tokens.json()).toMatchObject({ token_type: 'Bearer' })
  })

  it('asks for a nonce, of the server and of the API each its own', async () => {
    const server = createAuthorizationServer({ dpopNonces: 'stable' })
    const { prove } = await prover(server)
    const tokenUrl = `${server.issuer}/token`
    const asked = await exchangeWith(server, await prove('POST', tokenUrl))
    expect(await asked.json()).toMatchObject({ error: 'use_dpop_nonce' })
    const nonce = asked.headers.get('dpop-nonce')
    const tokens = await (await exchangeWith(server, await prove('POST', tokenUrl, { nonce }))).json()
    const ath = await hash(tokens.access_token)
    const api = `${server.apiUrl}/echo`
    const wrong = await echo(server, `DPoP ${tokens.access_token}`, await prove('GET', api, { ath, nonce }))
    expect(wrong.status).toBe(401)
    expect(wrong.headers.get('www-authenticate')).toContain('error="use_dpop_nonce"')
    const apiNonce = wrong.headers.get('dpop-nonce')
    expect(apiNonce).not.toBe(nonce)
    const proofs = async (): Promise<Response> =>
      echo(server, `DPoP ${tokens.access_token}`, await prove('GET', api, { ath, nonce: apiNonce }))
    expect((await proofs()).status).toBe(200)
    expect((await proofs()).status).toBe(200)
    server.rotateNonces()
    expect((await proofs()).status).toBe(401)
  })

  it('can want a new nonce for every proof, and hands it out with every answer', async () => {
    const server = createAuthorizationServer({ dpopNonces: 'per-request' })
    const { prove } = await prover(server)
    const tokenUrl = `${server.issuer}/token`
    const first = (await exchangeWith(server, await prove('POST', tokenUrl))).headers.get('dpop-nonce')
    const good = await exchangeWith(server, await prove('POST', tokenUrl, { nonce: first }))
    expect(good.status).toBe(200)
    expect((await exchangeWith(server, await prove('POST', tokenUrl, { nonce: first }))).status).toBe(400)
    const second = good.headers.get('dpop-nonce')
    expect((await exchangeWith(server, await prove('POST', tokenUrl, { nonce: second }))).status).toBe(200)
  })

  it('holds a client to the key that it announced', async () => {
    const server = createAuthorizationServer()
    const [mine, other] = [await prover(server), await prover(server)]
    const tokenUrl = `${server.issuer}/token`
    for (const { key, status } of [
      { key: mine, status: 200 },
      { key: other, status: 400 },
    ]) {
      const callback = await server.approve(authorizationUrl(server, { dpop_jkt: mine.jkt }))
      const answer = await exchange(server, callback, {}, { dpop: await key.prove('POST', tokenUrl) })
      expect(answer.status).toBe(status)
    }
  })

  it('takes the proof of a pushed request for such an announcement', async () => {
    const server = createAuthorizationServer()
    const [mine, other] = [await prover(server), await prover(server)]
    const push = async (changes: Record<string, string> = {}): Promise<Response> => {
      const fields = { ...Object.fromEntries(authorizationUrl(server).searchParams), ...changes }
      return postForm(server, '/par', fields, { dpop: await mine.prove('POST', `${server.issuer}/par`) })
    }
    expect((await push({ dpop_jkt: other.jkt })).status).toBe(400)
    const { request_uri } = await (await push({ dpop_jkt: mine.jkt })).json()
    const { request_uri: silent } = await (await push()).json()
    for (const reference of [request_uri, silent]) {
      const query = new URLSearchParams({ client_id: 'app', request_uri: reference })
      const callback = await server.approve(`${server.issuer}/authorize?${query}`)
      const proof = await other.prove('POST', `${server.issuer}/token`)
      expect((await exchange(server, callback, {}, { dpop: proof })).status).toBe(400)
    }
  })
})
