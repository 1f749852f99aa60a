import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { RefreshIntent, StoredRecord } from '../../../src/contracts.ts'
import { OAuthError } from '../../../src/errors.ts'
import type { OAuthErrorCode, OAuthFailures } from '../../../src/errors.ts'
import { failedOutcome, withIntent, withoutIntent, withOutcome as follow } from '../../../src/lifecycle/outcome.ts'
import type { Outcome, Presentation } from '../../../src/lifecycle/outcome.ts'

const now = 1_800_000_000_000
const error = new OAuthError('network', { endpoint: 'token', sent: 'maybe' })
const account = { subject: 'ada' }
const foreign = { hash: 'other', at: now - 5, error: 'invalid_grant' }

function record(refreshToken: string, more: Partial<StoredRecord> = {}): StoredRecord {
  return {
    tokens: { accessToken: `at of ${refreshToken}`, tokenType: 'Bearer', refreshToken, obtainedAt: now - 100 },
    issuer: 'https://id.example.com',
    clientId: 'app',
    ...more,
  }
}

const mine: RefreshIntent = { hash: 'hash', owner: 'me', at: now, lost: 0 }
const presentation: Presentation = { record: record('rt1'), ...mine }

const outcomes: { readonly [Kind in Outcome['kind']]: Extract<Outcome, { kind: Kind }> } = {
  tokens: { kind: 'tokens', tokens: { accessToken: 'new', tokenType: 'Bearer', refreshToken: 'rt2', obtainedAt: now } },
  defective: { kind: 'defective', refreshToken: 'rt2', error },
  rejected: { kind: 'rejected', error, word: 'invalid_grant' },
  trouble: { kind: 'trouble', error },
  unsent: { kind: 'unsent', error },
  lost: { kind: 'lost', error },
}

const withOutcome = (current: StoredRecord | undefined, by: Presentation, outcome: Outcome): StoredRecord | undefined =>
  follow(current, by, outcome, now + 7)

describe('withOutcome', () => {
  const stored = record('rt1', { intent: mine, dead: foreign, account })
  const { intent: _, dead: __, ...rest } = stored

  it.each([
    ['tokens', { ...rest, tokens: outcomes.tokens.tokens }],
    ['defective', { ...rest, tokens: { ...rest.tokens, refreshToken: 'rt2' } }],
    ['rejected', { ...rest, dead: { hash: 'hash', at: now + 7, error: 'invalid_grant' } }],
    ['trouble', { ...rest, dead: foreign }],
    ['unsent', { ...rest, dead: foreign }],
    ['lost', stored],
  ] as const)('writes what %s means', (kind, expected) => {
    expect(withOutcome(stored, presentation, outcomes[kind])).toEqual(expected)
  })

  it('takes over who signed in, when the answer says it', () => {
    const outcome = { ...outcomes.tokens, account: { subject: 'ada', name: 'Ada' } }
    expect(withOutcome(stored, presentation, outcome)?.account).toEqual({ subject: 'ada', name: 'Ada' })
  })

  it('takes its own intent back, once, and no other', () => {
    const counting = (intent: Partial<RefreshIntent>): StoredRecord => record('rt1', { intent: { ...mine, ...intent } })
    const second = { ...presentation, lost: 2 }
    for (const kind of ['trouble', 'unsent'] as const) {
      const once = withOutcome(counting({ lost: 2 }), second, outcomes[kind])
      expect(once).toEqual(counting({ lost: 1 }))
      expect(withOutcome(once, second, outcomes[kind])).toBe(once)
      expect(withOutcome(counting({}), presentation, outcomes[kind])).toEqual(record('rt1'))
      for (const theirs of [
        counting({ owner: 'she' }),
        counting({ hash: 'other' }),
        counting({ at: 1 }),
        record('rt1'),
      ]) {
        expect(withOutcome(theirs, presentation, outcomes[kind])).toBe(theirs)
      }
    }
  })

  it('keeps the newer access token where the refresh token outlives its use', () => {
    const outcome = (obtainedAt: number): Outcome => ({
      kind: 'tokens',
      tokens: { accessToken: 'mine', tokenType: 'Bearer', refreshToken: 'rt1', obtainedAt },
    })
    const theirs = { ...record('rt1'), tokens: { ...record('rt1').tokens, accessToken: 'theirs', obtainedAt: now } }
    expect(withOutcome(theirs, presentation, outcome(now - 1))).toBe(theirs)
    expect(withOutcome(theirs, presentation, outcome(now + 1))?.tokens.accessToken).toBe('mine')
    // Our clock was set back meanwhile; nobody else has been here.
    expect(withOutcome(record('rt1'), presentation, outcome(now - 1_000_000))?.tokens.accessToken).toBe('mine')
  })

  it.each(['tokens', 'defective'] as const)('writes no %s that showing the refresh token again has ended', (kind) => {
    const before: RefreshIntent = { ...mine, owner: 'earlier', at: now - 9 }
    const theirs: RefreshIntent = { ...mine, owner: 'later', at: now + 3, lost: 1 }
    const fragile = { ...presentation, record: record('rt1', { intent: before }), fragile: true }
    const writes = (intent: RefreshIntent, by: Presentation): boolean => {
      const current = record('rt1', { intent })
      return withOutcome(current, by, outcomes[kind]) !== current
    }
    expect([theirs, mine, before].map((intent) => writes(intent, fragile))).toEqual([false, true, true])
    expect(writes(theirs, { ...fragile, fragile: false })).toBe(true)
  })

  it('never touches another generation, and brings nothing back', () => {
    const records = fc.constantFrom(
      undefined,
      record('rt0'),
      record('rt2', { dead: foreign }),
      record('rt9', { intent: mine }),
    )
    const kinds = fc.constantFrom(...Object.values(outcomes))
    fc.assert(
      fc.property(records, kinds, (current, outcome) => withOutcome(current, presentation, outcome) === current),
    )
    fc.assert(fc.property(records, (current) => withIntent(current, presentation) === current))
    fc.assert(fc.property(records, (current) => withoutIntent(current, { ...presentation, owner: 'x' }) === current))
    expect(withOutcome(undefined, presentation, outcomes.tokens)).toBeUndefined()
  })

  it('means the same when it is written twice', () => {
    for (const outcome of Object.values(outcomes)) {
      const once = withOutcome(stored, presentation, outcome)
      expect(withOutcome(once, presentation, outcome)).toEqual(once)
    }
  })
})

describe('withIntent', () => {
  it('adds to the record that was seen, and keeps everything else', () => {
    const stored = record('rt1', { dead: foreign, account })
    expect(withIntent(stored, { ...presentation, record: stored })).toEqual({ ...stored, intent: mine })
  })

  it('yields to whoever was faster', () => {
    const seen = record('rt1', { intent: { ...mine, owner: 'dead', at: 1 } })
    const again: Presentation = { ...presentation, record: seen, lost: 1 }
    expect(withIntent(seen, again)?.intent).toEqual({ ...mine, lost: 1 })
    const theirs = record('rt1', { intent: { ...mine, owner: 'she', lost: 1 } })
    expect(withIntent(theirs, again)).toBe(theirs)
    expect(withIntent(theirs, presentation)).toBe(theirs)
    // Who was faster was refused, which takes the intent away, and whoever is slower has seen none.
    const refused = record('rt1', { dead: { hash: 'hash', at: now, error: 'invalid_grant' } })
    expect(withIntent(refused, presentation)).toBe(refused)
  })

  it('is taken back where it is the very same, down to the count before', () => {
    expect(withoutIntent(record('rt1', { intent: mine }), presentation)).toEqual(record('rt1'))
    const second = { ...mine, lost: 1 }
    expect(withoutIntent(record('rt1', { intent: second }), { ...presentation, lost: 1 })).toEqual(
      record('rt1', { intent: mine }),
    )
    const theirs = record('rt1', { intent: { ...mine, owner: 'she' } })
    expect(withoutIntent(theirs, presentation)).toBe(theirs)
  })
})

describe('failedOutcome', () => {
  const refused = (word: string): OAuthError =>
    new OAuthError('authorization_failed', { error: word, endpoint: 'token', status: 400 })
  const failure = <Code extends OAuthErrorCode>(code: Code, detail: OAuthFailures[Code]): OAuthError =>
    new OAuthError(code, detail)

  it.each([
    ['invalid_grant', refused('invalid_grant'), 'rejected'],
    ["the provider's own word for it", refused('refresh_token_reused'), 'rejected'],
    ['access_denied, where the provider ends sessions with it', failure('access_denied', {}), 'rejected'],
    ['another refusal', refused('invalid_client'), 'trouble'],
    ['an unknown word', refused('temporarily_sad'), 'trouble'],
    ['a busy server', failure('rate_limited', { endpoint: 'token', status: 429 }), 'trouble'],
    ['a broken server', failure('server_error', { endpoint: 'token', status: 503 }), 'trouble'],
    ['a redirect', failure('unexpected_redirect', { endpoint: 'token' }), 'trouble'],
    [
      'a web page with status 401',
      failure('invalid_response', { endpoint: 'token', reason: 'x', status: 401 }),
      'trouble',
    ],
    [
      'a success that cannot be read',
      failure('invalid_response', { endpoint: 'token', reason: 'x', status: 200 }),
      'lost',
    ],
    ['an answer without a status', failure('invalid_response', { endpoint: 'token', reason: 'x' }), 'lost'],
    ['a lost connection', failure('network', { endpoint: 'token', sent: 'maybe' }), 'lost'],
    ['a refused connection', failure('network', { endpoint: 'token', sent: 'no' }), 'unsent'],
    ['a configuration that cannot be used', failure('config', { reason: 'x' }), 'unsent'],
    ['a timeout', failure('timeout', { what: 'x', after: 1 }), 'lost'],
    ['an abort', failure('aborted', {}), 'lost'],
    ['something else that was thrown', new Error('x'), 'lost'],
    ['nothing that is an error', undefined, 'lost'],
  ] as const)('reads %s', (_, error, kind) => {
    expect(failedOutcome(error, ['refresh_token_reused', 'access_denied']).kind).toBe(kind)
  })

  it('ends a session by no word that was not listed', () => {
    expect(failedOutcome(refused('refresh_token_reused'), []).kind).toBe('trouble')
    expect(failedOutcome(failure('access_denied', {}), []).kind).toBe('trouble')
  })
})
