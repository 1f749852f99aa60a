import { decodeJwt, exportJWK, generateKeyPair } from 'jose'
import { describe, expect, it } from 'vitest'

import type { Fetch, Transaction } from '../../../src/contracts.ts'
import {
  checkCallback,
  createProof,
  exchangeCode,
  generateProofKey,
  parseCallback,
  realClock,
  refreshTokens,
} from '../../../src/core/index.ts'
import type { Grant, Parties } from '../../../src/core/index.ts'
import { clientSecretBasic, clientSecretPost, memoryStore, privateKeyJwt } from '../../../src/index.ts'
import { failureOf, legible } from '../core/rig.ts'
import { begun, clientOf, drive, partiesOf, provider, realWorld, signIn, world } from './rig.ts'

const { basic, dpop, jwt, post, spa } = world.clients

function exchange(parties: Parties, transaction: Transaction, callback: URL): Promise<Grant> {
  return exchangeCode(
    parties,
    transaction,
    checkCallback(parseCallback(callback), transaction, parties.server, provider),
  )
}

describe('a real server: refresh tokens', () => {
  it('of which an old one is shown again end the session for everybody, and we say so', async () => {
    const store = memoryStore()
    const client = clientOf(spa, { store })
    await signIn(client, spa, 'ada-reuse')
    const old = await store.get(provider.id)
    await client.getToken({ forceRefresh: true })

    const thief = clientOf(spa, { store: memoryStore() })
    expect(await failureOf(thief.getToken())).toMatchObject({ code: 'sign_in_required', detail: { reason: 'absent' } })
    const stolen = memoryStore()
    await stolen.update(provider.id, () => old)
    const second = clientOf(spa, { store: stolen })
    const reused = await failureOf(second.getToken({ forceRefresh: true }))
    expect(reused).toMatchObject({ code: 'sign_in_required', detail: { reason: 'rejected', error: 'invalid_grant' } })
    expect(legible(reused)).not.toContain(old?.tokens.refreshToken)

    const ended = await failureOf(client.getToken({ forceRefresh: true }))
    expect(ended).toMatchObject({ code: 'sign_in_required', detail: { reason: 'rejected' } })
    expect(legible(ended)).not.toContain((await store.get(provider.id))?.tokens.refreshToken)
  })

  it('are bound to the key that was proven', async () => {
    const proofOf = async (): Promise<Partial<Parties>> => ({
      proof: createProof(await generateProofKey({ extractable: false }), realClock),
    })
    const parties = await partiesOf(dpop.clientId, await proofOf())
    const { transaction, callback } = await begun(parties, dpop.redirectUri, 'ada-key')
    const { tokens } = await exchange(parties, transaction, callback)
    const { refreshToken = '' } = tokens
    const other = await partiesOf(dpop.clientId, await proofOf())
    const error = await failureOf(refreshTokens(other, { tokens: { ...tokens, refreshToken } }))
    expect(error).toMatchObject({ code: 'authorization_failed', detail: { error: 'invalid_grant' } })
    expect(legible(error)).not.toContain(refreshToken)
    expect(await refreshTokens(parties, { tokens: { ...tokens, refreshToken } })).toMatchObject({ kind: 'tokens' })
  })
})

const wrongKey = async (): Promise<JsonWebKey> => {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  return { ...(await exportJWK(privateKey)), kid: 'client', alg: 'ES256' } as JsonWebKey
}

const strangers = [
  { name: 'a wrong secret in the header', who: basic, auth: () => clientSecretBasic('wrong-canary') },
  { name: 'a wrong secret in the body', who: post, auth: () => clientSecretPost('wrong-canary') },
  { name: 'a wrong key', who: jwt, auth: async () => privateKeyJwt(await wrongKey()) },
]

describe('a real server refuses', () => {
  for (const { name, who, auth } of strangers) {
    it(`${name}, without a secret in the error`, async () => {
      const parties = await partiesOf(who.clientId, { clientAuth: await auth() })
      const { transaction, callback } = await begun(parties, who.redirectUri, 'ada-auth')
      const error = await failureOf(exchange(parties, transaction, callback))
      expect(error).toMatchObject({
        code: 'authorization_failed',
        detail: { error: 'invalid_client', endpoint: 'token', status: 401 },
      })
      const text = legible(error)
      const secret = 'clientSecret' in who ? who.clientSecret : 'wrong-canary'
      for (const hidden of ['wrong-canary', secret, callback.searchParams.get('code'), transaction.codeVerifier]) {
        expect(text).not.toContain(hidden)
      }
    })
  }

  const spoiled: readonly (readonly [name: string, spoil: (good: Transaction) => Transaction])[] = [
    ['a wrong verifier', (good) => ({ ...good, codeVerifier: 'A'.repeat(43) })],
    ['another redirect URI than at the start', (good) => ({ ...good, redirectUri: 'http://127.0.0.1:9/callback' })],
  ]
  for (const [name, spoil] of spoiled) {
    it(`${name}, without the code in the error`, async () => {
      const parties = await partiesOf(spa.clientId)
      const { transaction, callback } = await begun(parties, spa.redirectUri, 'ada-code')
      const error = await failureOf(exchange(parties, spoil(transaction), callback))
      expect(error).toMatchObject({ code: 'authorization_failed', detail: { error: 'invalid_grant', status: 400 } })
      expect(legible(error)).not.toContain(callback.searchParams.get('code'))
      expect(legible(error)).not.toContain(transaction.codeVerifier)
    })
  }

  it('a code that was used, without the code in the error', async () => {
    const parties = await partiesOf(spa.clientId)
    const { transaction, callback } = await begun(parties, spa.redirectUri, 'ada-twice')
    await exchange(parties, transaction, callback)
    const error = await failureOf(exchange(parties, transaction, callback))
    expect(error).toMatchObject({ code: 'authorization_failed', detail: { error: 'invalid_grant' } })
    expect(legible(error)).not.toContain(callback.searchParams.get('code'))
  })

  it('a redirect URI that nobody registered, on a page of its own', async () => {
    const redirectUri = 'https://evil.example/callback'
    const { url } = await clientOf({ ...spa, redirectUri }).start()
    const arrival = await drive({ url }, { redirectUri })
    expect(arrival.status).toBe(400)
    expect(new URL(arrival.url).origin).toBe(world.issuer)
  })

  it('a request that was not pushed where it must be', async () => {
    const client = clientOf(world.clients.par)
    const { url } = await client.start()
    const { url: callback } = await drive({ url }, world.clients.par)
    const error = await failureOf(client.finish(callback))
    expect(error).toMatchObject({ code: 'authorization_failed', detail: { error: 'invalid_request' } })
  })

  it('a token without a proof for a client that must prove a key', async () => {
    const client = clientOf(dpop)
    const { url } = await client.start()
    const { url: callback } = await drive({ url, login: 'ada-bare' }, dpop)
    expect(await failureOf(client.finish(callback))).toMatchObject({ code: 'authorization_failed' })
    expect(client.getSnapshot().status).not.toBe('signed-in')
  })
})

describe('a callback of the real server', () => {
  it('is refused without its issuer, and with another', async () => {
    for (const iss of [undefined, 'https://evil.example']) {
      const client = clientOf(spa)
      const { url } = await client.start()
      const callback = new URL((await drive({ url, login: 'ada-iss' }, spa)).url)
      if (iss === undefined) callback.searchParams.delete('iss')
      else callback.searchParams.set('iss', iss)
      expect(await failureOf(client.finish(callback))).toMatchObject({ code: 'issuer_mismatch' })
    }
  })
})

describe('a client assertion', () => {
  it('is for the issuer alone, whichever endpoint it is sent to', async () => {
    const assertions: string[] = []
    const listening: Fetch = async (input, init) => {
      const body = init?.method === 'POST' ? await new Request(input, init).text() : undefined
      const assertion = new URLSearchParams(body).get('client_assertion')
      if (assertion !== null) assertions.push(assertion)
      return realWorld.fetch(input, body === undefined ? init : { ...init, body })
    }
    const clientAuth = privateKeyJwt(jwt.privateKey)
    const client = clientOf(jwt, { clientAuth, fetch: listening, pushedAuthorization: true })
    await signIn(client, jwt, 'ada-aud')
    await client.getToken({ forceRefresh: true })
    await client.signOut()
    const claims = assertions.map((assertion) => decodeJwt(assertion))
    expect(claims.map(({ aud }) => aud)).toEqual(Array.from({ length: 5 }, () => world.issuer))
    expect(new Set(claims.map(({ jti }) => jti)).size).toBe(5)
  })
})
