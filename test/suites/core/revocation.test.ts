import { describe, expect, it } from 'vitest'

import { clientSecretBasic, revokeToken } from '../../../src/core/index.ts'
import type { Parties } from '../../../src/core/index.ts'
import { fingerprint } from '../../../src/testing/index.ts'
import { double, failureOf, json, legible, partiesOf, redirectUri, signIn, site, worldOf } from './rig.ts'

const server = double()
const parties = await partiesOf(server)
const endpoint = `${server.issuer}/revoke`
const request = { token: 'rt-canary-1', hint: 'refresh_token' } as const

function answeredBy(answer: () => Response): Parties {
  return { ...parties, world: worldOf(server, site({ [endpoint]: answer }).fetch) }
}

const done: readonly (readonly [name: string, answer: () => Response])[] = [
  ['200 and nothing', () => new Response('')],
  ['200 and a web page', () => new Response('<h1>Done')],
  ['200 and an array', () => json([])],
  ['204', () => new Response(null, { status: 204 })],
]

const now = server.clock.now()
const failed: readonly (readonly [name: string, answer: () => Response, expected: object])[] = [
  [
    '503 with Retry-After',
    () => new Response('', { status: 503, headers: { 'retry-after': '20' } }),
    { code: 'server_error', retryable: true, detail: { retryAt: now + 20_000, status: 503 } },
  ],
  ['500', () => new Response('', { status: 500 }), { code: 'server_error', retryable: true }],
  ['429', () => new Response('', { status: 429 }), { code: 'rate_limited', retryable: true }],
  [
    'unsupported_token_type',
    () => json({ error: 'unsupported_token_type' }, { status: 400 }),
    { code: 'authorization_failed', detail: { error: 'unsupported_token_type', endpoint: 'revocation' } },
  ],
  [
    'invalid_client',
    () => json({ error: 'invalid_client' }, { status: 401 }),
    { code: 'authorization_failed', detail: { error: 'invalid_client' } },
  ],
  ['400 and a web page', () => new Response('<h1>', { status: 400 }), { code: 'invalid_response' }],
  ['404', () => new Response('', { status: 404 }), { code: 'invalid_response' }],
  [
    'a redirect',
    () => new Response(null, { status: 307, headers: { location: '/' } }),
    { code: 'unexpected_redirect' },
  ],
]

describe('revocation', () => {
  for (const [name, answer] of done) {
    it(`is done when the answer is ${name}`, async () => {
      await expect(revokeToken(answeredBy(answer), request)).resolves.toBeUndefined()
    })
  }

  for (const [name, answer, expected] of failed) {
    it(`is not done when the answer is ${name}`, async () => {
      const error = await failureOf(revokeToken(answeredBy(answer), request))
      expect(error).toMatchObject(expected)
      expect(legible(error)).not.toContain('canary')
    })
  }

  it('sends the token and its hint in the body, in the name of the client', async () => {
    const clients = [
      { clientId: 'web', redirectUris: [redirectUri], authMethod: 'client_secret_basic' as const, clientSecret: 's' },
    ]
    const own = double({ clients })
    const who = await partiesOf(own, { clientId: 'web', clientAuth: clientSecretBasic('s') })
    const { tokens } = await signIn(own, who)
    const { refreshToken = '' } = tokens
    await revokeToken(who, { token: refreshToken, hint: 'refresh_token' })
    expect(own.history.last('revocation')).toMatchObject({
      method: 'POST',
      path: '/revoke',
      authMethod: 'client_secret_basic',
      status: 200,
      params: { token: await fingerprint(refreshToken), token_type_hint: 'refresh_token' },
    })
    await revokeToken(who, { token: 'nobody knows it', hint: 'access_token' })
    expect(own.history.last('revocation')).toMatchObject({ status: 200, params: { token_type_hint: 'access_token' } })
  })

  it('is unsupported where the server has no such endpoint', async () => {
    const { revocation_endpoint: _, ...without } = parties.server
    expect(await failureOf(revokeToken({ ...parties, server: without }, request))).toMatchObject({
      code: 'unsupported',
    })
  })
})
