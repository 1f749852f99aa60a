import { describe, expect, it } from 'vitest'

import type { Transaction } from '../../../src/contracts.ts'
import {
  authorizationUrl,
  beginTransaction,
  checkCallback,
  clientCredentials,
  clientSecretBasic,
  clientSecretPost,
  exchangeCode,
  parseCallback,
  pollDevice,
  refreshTokens,
  revokeToken,
  userInfo,
} from '../../../src/core/index.ts'
import type { Parties } from '../../../src/core/index.ts'
import { double, failureOf, json, legible, partiesOf, redirectUri, started, worldOf } from './rig.ts'

const server = double()
const parties = await partiesOf(server)

/** A server that tells in its error text all that it was sent, in every form it may have. */
const echo: Parties = {
  ...parties,
  world: worldOf(server, async (input, init) => {
    const request = new Request(input, init)
    const authorization = request.headers.get('authorization') ?? ''
    const body = await request.text()
    const fields = [...new URLSearchParams(body).values()].join(' | ')
    const basic = /^Basic (.*)$/.exec(authorization)?.[1]
    const error_description = [fields, body, authorization, basic === undefined ? '' : atob(basic)].join('\u202e\n')
    return json({ error: 'invalid_request', error_description }, { status: 400 })
  }),
}

const canary = 'canary:+/ %&é-4711'
const encoded = [canary, encodeURIComponent(canary), new URLSearchParams({ '': canary }).toString().slice(1)]
const asciiCanary = 'canary-4711'

const echoes: readonly (readonly [name: string, attempt: () => Promise<unknown>])[] = [
  ['a client secret in the body', () => clientCredentials({ ...echo, clientAuth: clientSecretPost(canary) })],
  ['a client secret in the header', () => clientCredentials({ ...echo, clientAuth: clientSecretBasic(canary) })],
  [
    'a refresh token',
    () => refreshTokens(echo, { tokens: { accessToken: 'a', tokenType: 'Bearer', refreshToken: canary } }),
  ],
  ['a token to be revoked', () => revokeToken(echo, { token: canary, hint: 'access_token' })],
  ['an access token', () => userInfo(echo, { tokens: { accessToken: asciiCanary, tokenType: 'Bearer' } })],
  [
    'a device code',
    async () => {
      const { clock } = server
      const device = { userCode: 'u', verificationUri: 'https://x', interval: 0, deviceCode: canary }
      return pollDevice(echo, { ...device, expiresAt: clock.now() + 1000 }, { scopes: [] })
    },
  ],
]

describe('a server that repeats what it was sent', () => {
  for (const [name, attempt] of echoes) {
    it(`does not get ${name} into an error`, async () => {
      const error = await failureOf(attempt())
      expect(error).toMatchObject({ code: 'authorization_failed', detail: { error: 'invalid_request' } })
      const text = legible(error)
      for (const form of [...encoded, asciiCanary, btoa('app:')]) expect(text).not.toContain(form)
      expect(text).not.toContain('4711')
    })
  }

  it('does not get the code, the verifier or the state into an error', async () => {
    const transaction = beginTransaction(parties, { slot: 's', redirectUri, scopes: ['read'], lifetime: 1000 })
    const callback = new URLSearchParams({ code: canary, state: transaction.state, iss: server.issuer })
    const checked = checkCallback(parseCallback(callback), transaction, parties.server, parties.provider)
    const error = legible(await failureOf(exchangeCode(echo, transaction, checked)))
    for (const secret of [...encoded, transaction.state, transaction.codeVerifier]) expect(error).not.toContain(secret)
    const pushed = legible(await failureOf(authorizationUrl(echo, transaction, { pushed: true })))
    for (const secret of [transaction.state, transaction.codeVerifier]) expect(pushed).not.toContain(secret)
  })

  it('does not get a secret into an error code', async () => {
    const world = worldOf(server, async (input, init) => {
      const fields = new URLSearchParams(await new Request(input, init).text())
      return json({ error: fields.get('refresh_token') }, { status: 400 })
    })
    const tokens = { accessToken: 'a', tokenType: 'Bearer', refreshToken: asciiCanary } as const
    const error = await failureOf(refreshTokens({ ...parties, world }, { tokens }))
    expect(error).toMatchObject({ code: 'authorization_failed', detail: { error: 'unreadable' } })
    expect(legible(error)).not.toContain(asciiCanary)
  })
})

const nasty = '\u0000\u0007\u001b[31m\u202e\u2066\u200b\ufeff\u2028\u0085\ud800<script>alert(1)</script>'

describe('text that a server wrote', () => {
  it('is stripped of control, bidirectional and invisible characters, and capped', async () => {
    const world = worldOf(server, async () =>
      json({ error: 'invalid_request', error_description: nasty + 'x'.repeat(5000) }, { status: 400 }),
    )
    const { detail } = await failureOf(clientCredentials({ ...parties, world }))
    const { description = '' } = detail as { readonly description?: string }
    expect(description).toContain('<script>')
    expect(description).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u)
    expect(description.length).toBeLessThanOrEqual(201)
  })

  it('never gets into a message', async () => {
    const world = worldOf(server, async () =>
      json({ error: 'invalid_request', error_description: 'canary' }, { status: 400 }),
    )
    expect((await failureOf(clientCredentials({ ...parties, world }))).message).not.toContain('canary')
  })

  for (const text of ['', '   ', '\u202e', 5, null, ['x'], { x: 1 }]) {
    it(`is absent when it is ${JSON.stringify(text)}`, async () => {
      const world = worldOf(server, async () =>
        json({ error: 'invalid_request', error_description: text }, { status: 400 }),
      )
      expect((await failureOf(clientCredentials({ ...parties, world }))).detail).not.toHaveProperty('description')
    })
  }

  it('in a callback is treated alike, and does not repeat the state', async () => {
    const { transaction } = await started(server, parties)
    const refused = (more: Record<string, string>, of: Transaction = transaction): unknown =>
      checkCallback(
        parseCallback(new URLSearchParams({ state: of.state, iss: server.issuer, ...more })),
        of,
        parties.server,
        parties.provider,
      )
    const told = `${nasty} ${transaction.state} ${transaction.codeVerifier} ${'x'.repeat(5000)}`
    for (const error of ['access_denied', 'server_error', transaction.state, '\u202e', 'e'.repeat(500), '']) {
      const failure = await failureOf(() => refused({ error, error_description: told }))
      const text = legible(failure)
      expect(text).not.toContain(transaction.state)
      expect(text).not.toContain(transaction.codeVerifier)
      const { description = '' } = failure.detail as { readonly description?: string }
      expect(description).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u)
      expect(description.length).toBeLessThanOrEqual(201)
    }
    const foreign = await failureOf(() => refused({ code: 'c', iss: `https://evil.example/${transaction.state}` }))
    expect(foreign.code).toBe('issuer_mismatch')
    expect(legible(foreign)).not.toContain(transaction.state)
  })
})
