import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { clientCredentials, refreshTokens } from '../../../src/core/index.ts'
import { isOAuthError } from '../../../src/index.ts'
import { patience, runs } from './fuzz.ts'
import { double, partiesOf, worldOf } from './rig.ts'

const server = double()
const parties = await partiesOf(server)

const names = [
  'access_token',
  'token_type',
  'expires_in',
  'refresh_token',
  'scope',
  'id_token',
  'error',
  '__proto__',
  'x',
]
const values = fc.oneof(
  fc.constantFrom<unknown>(
    'at-1',
    'Bearer',
    'bearer',
    'DPoP',
    3600,
    '3600',
    0,
    -1,
    1e300,
    null,
    '',
    'a b',
    'a\r\nb',
    [],
    {},
  ),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.jsonValue({ maxDepth: 3 }),
)
const members = fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string({ maxLength: 6 })), values, { maxKeys: 8 })
const good = { access_token: 'at-1', token_type: 'Bearer', expires_in: 3600, refresh_token: 'rt-1' }
const bodies = fc.oneof(
  { weight: 4, arbitrary: members.map((spoiled) => JSON.stringify({ ...good, ...spoiled })) },
  members.map((spoiled) => JSON.stringify(spoiled)),
  fc.tuple(members, fc.nat(200)).map(([spoiled, at]) => JSON.stringify({ ...good, ...spoiled }).slice(0, at)),
  fc.tuple(fc.constantFrom('[', '{"x":'), fc.nat(2000)).map(([open, depth]) => open.repeat(depth)),
  fc.json(),
  fc.string({ unit: 'binary', maxLength: 100 }),
)
const statuses = fc.oneof(
  { weight: 3, arbitrary: fc.constant(200) },
  fc.constantFrom(201, 202, 204, 206, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 418, 429, 500, 502, 503),
)
// Types of text only: workerd warns of each other one that is read as text.
const types = fc.constantFrom('application/json', 'text/html', 'text/plain')
const answers = fc.record({ body: bodies, status: statuses, type: types })

const bodiless = [204, 205, 304]
const before = { accessToken: 'at-0', tokenType: 'Bearer', refreshToken: 'rt-0' } as const

describe('any answer of the token endpoint', () => {
  it(
    'is either tokens that can be used, or an error of ours',
    async () => {
      let kept = 0
      let refused = 0
      await fc.assert(
        fc.asyncProperty(answers, fc.boolean(), async ({ body, status, type }, refresh) => {
          const world = worldOf(server, async () => {
            const text = bodiless.includes(status) ? null : body
            return new Response(text, { status, headers: { 'content-type': type } })
          })
          const who = { ...parties, world }
          try {
            const outcome = refresh
              ? await refreshTokens(who, { tokens: before })
              : { kind: 'tokens' as const, tokens: await clientCredentials(who) }
            if (outcome.kind === 'defective') {
              if (outcome.refreshToken === 'rt-0') throw new Error('Nothing new was kept.')
              return
            }
            if (status !== 200) throw new Error(`Status ${status} was taken for a success.`)
            const { accessToken, expiresAt = 0, tokenType } = outcome.tokens
            const usable = /^[\x21-\x7e]+$/.test(accessToken) && tokenType === 'Bearer' && expiresAt >= 0
            if (!usable || Number.isNaN(expiresAt)) throw new Error('The tokens cannot be used.')
            kept++
          } catch (error) {
            if (!isOAuthError(error)) throw error
            refused++
          }
        }),
        runs(2000),
      )
      expect(kept).toBeGreaterThan(0)
      expect(refused).toBeGreaterThan(0)
      expect(({} as Record<string, unknown>)['access_token']).toBeUndefined()
    },
    patience,
  )
})
