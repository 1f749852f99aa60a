import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { parseCallback } from '../../../src/core/index.ts'
import type { ParsedCallback } from '../../../src/core/index.ts'
import { createClient, isOAuthError } from '../../../src/index.ts'
import { oidc } from '../../../src/providers/oidc.ts'
import { patience, runs } from './fuzz.ts'
import { double, redirectUri } from './rig.ts'

type Input = URL | URLSearchParams | string

const name = fc.oneof(
  fc.constantFrom('code', 'state', 'iss', 'error', 'error_description', 'response', 'access_token', 'client_id', 'x'),
  fc.string({ maxLength: 8 }),
)
const value = (pending: string): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant(pending) },
    fc.constantFrom(
      '',
      ' ',
      pending.slice(1),
      `${pending} `,
      pending.toLowerCase(),
      'access_denied',
      '%',
      '%00',
      '\u0000',
    ),
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.webUrl(),
  )
const pairs = (pending: string): fc.Arbitrary<[string, string][]> =>
  fc.array(fc.tuple(name, value(pending)), { maxLength: 6 })
const base = fc.oneof(
  fc.constantFrom(
    redirectUri,
    `${redirectUri}/`,
    'https://evil.example/callback',
    'http://127.0.0.1/callback',
    'app:/cb',
  ),
  fc.webUrl(),
)

/** Callbacks as they are meant, nearly so, and not at all. */
function callbacks(pending: string): fc.Arbitrary<Input> {
  const query = pairs(pending).map((fields) => new URLSearchParams(fields))
  const url = fc
    .tuple(base, query, fc.constantFrom('', '#', '#_=_', '#state=x'))
    .map(([at, q, end]) => `${at}?${q}${end}`)
  return fc.oneof(
    query,
    query.map(String),
    query.map((q) => `?${q}`),
    url,
    url.filter((text) => URL.canParse(text)).map((text) => new URL(text)),
    fc.tuple(fc.string({ maxLength: 10 }), value(pending)).map(([code, state]) => `${code}#${state}`),
    fc.tuple(url, fc.nat(80), fc.string({ unit: 'binary', maxLength: 4 })).map(([text, at, noise]) => {
      const place = at % (text.length + 1)
      return text.slice(0, place) + noise + text.slice(place + 1)
    }),
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.webUrl({ withQueryParameters: true, withFragments: true }),
  )
}

function parsed(input: Input): ParsedCallback | undefined {
  try {
    return parseCallback(input)
  } catch (error) {
    if (isOAuthError(error) && error.code === 'invalid_callback') return undefined
    throw error
  }
}

describe('any callback', () => {
  it(
    'is read, or is an invalid callback, and at once',
    () => {
      let slowest = 0
      fc.assert(
        fc.property(callbacks('s'.repeat(43)), (input) => {
          const before = performance.now()
          const callback = parsed(input)
          slowest = Math.max(slowest, performance.now() - before)
          for (const known of ['code', 'state', 'iss', 'error']) {
            if ((callback?.params.getAll(known).length ?? 0) > 1) throw new Error(`${known} was let through twice.`)
          }
        }),
        runs(3000),
      )
      // Generous, for a machine that does other things too; a regular expression that backtracks takes seconds.
      expect(slowest).toBeLessThan(1000)
    },
    patience,
  )

  it(
    'reaches the token endpoint with the exact state only',
    async () => {
      const server = double()
      const client = createClient({
        provider: oidc({ issuer: server.issuer }),
        clientId: 'app',
        redirectUri,
        fetch: server.fetch,
        clock: server.clock,
      })
      let tried = 0
      let exchanged = 0
      const attempt = async (input: Input, state: string): Promise<void> => {
        const before = server.history.count({ endpoint: 'token' })
        await client.finish(input).catch((error: unknown) => {
          if (!isOAuthError(error)) throw error
        })
        const calls = server.history.count({ endpoint: 'token' }) - before
        const params = parsed(input)?.params
        if (calls > 0 && (params?.get('state') !== state || params.has('error') || !params.get('code'))) {
          throw new Error('A code was exchanged that must not be.')
        }
        tried++
        exchanged += calls
      }
      await fc.assert(
        fc.asyncProperty(fc.infiniteStream(fc.nat()), async (seeds) => {
          const { state } = await client.start()
          const seed = seeds.next().value ?? 0
          const iss = `&iss=${encodeURIComponent(server.issuer)}`
          for (const input of fc.sample(callbacks(state), { numRuns: 10, seed })) await attempt(input, state)
          // So that the property is not kept by never exchanging anything.
          await attempt(`?code=c-${seed}&state=${state}${iss}`, state)
        }),
        runs(50),
      )
      expect(tried).toBeGreaterThan(exchanged)
      expect(exchanged).toBeGreaterThan(0)
    },
    patience,
  )
})
