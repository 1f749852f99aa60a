import { calculateJwkThumbprint, decodeJwt, decodeProtectedHeader, EmbeddedJWK, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'

import type { Fetch } from '../../../src/contracts.ts'
import {
  createProof,
  generateProofKey,
  readProofKey,
  refreshTokens,
  userInfo,
  writeProofKey,
} from '../../../src/core/index.ts'
import type { Parties, Proof } from '../../../src/core/index.ts'
import { manualClock } from '../../../src/testing/index.ts'
import type { AuthorizationServerOptions } from '../../../src/testing/index.ts'
import { double, failureOf, partiesOf, signIn, worldOf } from './rig.ts'

const clock = manualClock()
const api = new URL('https://api.example.com/v1/things?page=2#top')

async function freshProof(): Promise<Proof> {
  return createProof(await generateProofKey({ extractable: false }), clock)
}

/** The proof that a request to `url` is sent with. */
async function sent(proof: Proof, url: URL = api, answer: Response = new Response()): Promise<string> {
  let header = ''
  await proof.prove({
    accessToken: 'at-1',
    method: 'POST',
    url,
    send: async (dpop) => {
      header = dpop
      return answer
    },
  })
  return header
}

async function hash(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))
  return btoa(String.fromCharCode(...digest))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

describe('a DPoP proof', () => {
  it('says what, where and when, for which token, and is signed by the key in it', async () => {
    const jwt = await sent(await freshProof())
    const { payload, protectedHeader } = await jwtVerify(jwt, EmbeddedJWK, {
      typ: 'dpop+jwt',
      algorithms: ['ES256'],
      currentDate: new Date(clock.now()),
    })
    expect(protectedHeader).toEqual({
      typ: 'dpop+jwt',
      alg: 'ES256',
      jwk: { kty: 'EC', crv: 'P-256', x: expect.any(String), y: expect.any(String) },
    })
    expect(payload).toEqual({
      htm: 'POST',
      htu: 'https://api.example.com/v1/things',
      iat: Math.floor(clock.now() / 1000),
      jti: expect.stringMatching(/^.{22,}$/),
      ath: await hash('at-1'),
    })
  })

  it('is never used twice', async () => {
    const proof = await freshProof()
    const proofs = await Promise.all(Array.from({ length: 1000 }, () => sent(proof)))
    expect(new Set(proofs.map((jwt) => decodeJwt(jwt).jti)).size).toBe(1000)
    expect(proofs.some((jwt) => 'd' in (decodeProtectedHeader(jwt).jwk ?? {}))).toBe(false)
  })

  it('tells the time of our clock, also long after the key was made', async () => {
    const own = manualClock()
    const proof = createProof(await generateProofKey({ extractable: false }), own)
    own.advance(7 * 3_600_000)
    expect(decodeJwt(await sent(proof)).iat).toBe(Math.floor(own.now() / 1000))
  })

  it('carries the newest nonce of the origin it goes to, and of no other', async () => {
    const proof = await freshProof()
    const other = new URL('https://other.example/v1')
    const nonced = (nonce: string): Response => new Response('', { headers: { 'dpop-nonce': nonce } })
    await sent(proof, api, nonced('api-1'))
    await sent(proof, other, nonced('other-1'))
    expect(decodeJwt(await sent(proof, api, nonced('api-2')))).toMatchObject({ nonce: 'api-1' })
    expect(decodeJwt(await sent(proof, api))).toMatchObject({ nonce: 'api-2' })
    expect(decodeJwt(await sent(proof, other))).toMatchObject({ nonce: 'other-1' })
    expect(decodeJwt(await sent(proof, new URL('https://third.example')))).not.toHaveProperty('nonce')
  })

  it('remembers the nonces of a hundred origins, the newest', async () => {
    const proof = await freshProof()
    const url = (index: number): URL => new URL(`https://api-${index}.example.com`)
    for (let index = 0; index <= 100; index++) {
      await sent(proof, url(index), new Response('', { headers: { 'dpop-nonce': `nonce-${index}` } }))
    }
    expect(decodeJwt(await sent(proof, url(1)))).toMatchObject({ nonce: 'nonce-1' })
    expect(decodeJwt(await sent(proof, url(0)))).not.toHaveProperty('nonce')
  })

  it('gives the answer to whoever asked, even if it is a challenge', async () => {
    const challenge = new Response('', { status: 401, headers: { 'www-authenticate': 'DPoP error="invalid_token"' } })
    const send = async (): Promise<Response> => challenge
    const response = await (await freshProof()).prove({ accessToken: 'at-1', method: 'GET', url: api, send })
    expect(response.status).toBe(401)
  })
})

describe('a DPoP key', () => {
  it('cannot be extracted, unless it must be written down', async () => {
    const kept = await generateProofKey({ extractable: false })
    expect(kept.privateKey.extractable).toBe(false)
    await expect(writeProofKey(kept)).rejects.toThrow()
    const written = await writeProofKey(await generateProofKey({ extractable: true }))
    const read = await readProofKey(JSON.parse(JSON.stringify(written)) as JsonWebKey)
    expect(decodeProtectedHeader(await sent(createProof(read, clock))).jwk).toMatchObject({
      x: written.x,
      y: written.y,
    })
    expect(await readProofKey(kept)).toBe(kept)
  })

  it('that cannot be read is a corrupt store, and not repeated', async () => {
    const { d: _, ...publicOnly } = await writeProofKey(await generateProofKey({ extractable: true }))
    for (const bad of [{}, { kty: 'oct', k: 'canary' }, publicOnly]) {
      const error = await failureOf(readProofKey(bad))
      expect(error).toMatchObject({ code: 'store_corrupt' })
      expect(JSON.stringify(error) + error.stack).not.toContain('canary')
    }
  })
})

async function bound(options: AuthorizationServerOptions): Promise<{
  readonly server: ReturnType<typeof double>
  readonly parties: Parties
  readonly proofs: string[]
}> {
  const server = double(options)
  const proofs: string[] = []
  const fetch: Fetch = (input, init) => {
    const proof = new Headers(init?.headers).get('dpop')
    if (proof !== null) proofs.push(proof)
    return server.fetch(input, init)
  }
  const proof = createProof(await generateProofKey({ extractable: false }), server.clock)
  return { server, proofs, parties: await partiesOf(server, { proof, world: worldOf(server, fetch) }) }
}

describe('a client with a key', () => {
  it('proves it at the token endpoint and at user info, and gets tokens that are bound to it', async () => {
    const { server, parties, proofs } = await bound({ dpop: 'required' })
    const { tokens } = await signIn(server, parties)
    expect(tokens.tokenType).toBe('DPoP')
    expect(await userInfo(parties, { tokens })).toMatchObject({ sub: 'ada' })
    expect(server.history.last('userInfo')?.headers['authorization']).toMatch(/^DPoP #/)
    server.clock.advance(3_600_000)
    const refreshed = await refreshTokens(parties, { tokens: { ...tokens, refreshToken: tokens.refreshToken ?? '' } })
    expect(refreshed).toMatchObject({ kind: 'tokens', tokens: { tokenType: 'DPoP' } })
    const keys = await Promise.all(proofs.map((jwt) => calculateJwkThumbprint(decodeProtectedHeader(jwt).jwk ?? {})))
    expect(new Set(keys).size).toBe(1)
    expect(proofs).toHaveLength(3)
  })

  it('answers a demand for a nonce once, and uses the nonce from then on', async () => {
    const { server, parties } = await bound({ dpop: 'required', dpopNonces: 'stable' })
    const { tokens } = await signIn(server, parties)
    expect(server.history.filter({ endpoint: 'token' }).map(({ status }) => status)).toEqual([400, 200])
    await refreshTokens(parties, { tokens: { ...tokens, refreshToken: tokens.refreshToken ?? '' } })
    expect(server.history.count({ endpoint: 'token' })).toBe(3)
  })

  it('answers a demand for a nonce at user info, which may stand in the challenge alone', async () => {
    const { server, parties } = await bound({ dpop: 'required' })
    const { tokens } = await signIn(server, parties)
    let asked = 0
    const fetch: Fetch = async (input, init) => {
      asked++
      if (asked > 1) return server.fetch(input, init)
      const headers = { 'www-authenticate': 'DPoP error="use_dpop_nonce"', 'dpop-nonce': 'n-1' }
      return new Response('', { status: 401, headers })
    }
    expect(await userInfo({ ...parties, world: worldOf(server, fetch) }, { tokens })).toMatchObject({ sub: 'ada' })
    expect(asked).toBe(2)
  })

  it('asks a server that is never content twice, and no third time', async () => {
    const { server, parties } = await bound({ dpop: 'required', dpopNonces: 'stable' })
    server.faults.always('token', (call) => ({
      status: 400,
      body: { error: 'use_dpop_nonce' },
      headers: { 'dpop-nonce': `n-${call.at}` },
    }))
    expect(await failureOf(signIn(server, parties))).toMatchObject({
      code: 'authorization_failed',
      detail: { error: 'use_dpop_nonce' },
    })
    expect(server.history.count({ endpoint: 'token' })).toBe(2)
  })

  it('does not repeat a request without a key, whatever the server says', async () => {
    const server = double()
    const parties = await partiesOf(server)
    server.faults.always('token', { status: 400, body: { error: 'use_dpop_nonce' }, headers: { 'dpop-nonce': 'n' } })
    expect(await failureOf(signIn(server, parties))).toMatchObject({ detail: { error: 'use_dpop_nonce' } })
    expect(server.history.count({ endpoint: 'token' })).toBe(1)
  })

  it('discards a token that is not bound', async () => {
    const { server, parties } = await bound({ dpop: 'off' })
    expect(await failureOf(signIn(server, parties))).toMatchObject({
      code: 'invalid_response',
      detail: { reason: expect.stringContaining('not bound') },
    })
  })
})
