import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { Rotation, StoredRecord } from '../../../src/contracts.ts'
import { isOAuthError } from '../../../src/errors.ts'
import { decide, stillServes } from '../../../src/lifecycle/decide.ts'
import type { Held, Need, Policy, Step } from '../../../src/lifecycle/decide.ts'

const now = 1_800_000_000_000
const hour = 3_600_000
const issuer = 'https://id.example.com'
const rotations: readonly Rotation[] = ['none', 'grace', 'until-first-use', 'strict', 'unknown']
const plain: Need = { minValidity: 0, force: false }

function policy(rotation: Rotation, more: Partial<Policy> = {}): Policy {
  return { rotation, refreshBefore: 300_000, issuer, clientId: 'app', ...more }
}

function held(
  remaining: number | undefined,
  more: Partial<StoredRecord> = {},
  refreshToken: string | undefined = 'rt',
): Held {
  return {
    hash: 'hash',
    record: {
      tokens: {
        accessToken: 'at',
        tokenType: 'Bearer',
        ...(refreshToken !== undefined && { refreshToken }),
        ...(remaining !== undefined && { expiresAt: now + remaining, obtainedAt: now + remaining - hour }),
      },
      ...more,
    },
  }
}

const without = (remaining: number | undefined, more: Partial<StoredRecord> = {}): Held => {
  const { record, hash } = held(remaining, more)
  const { refreshToken: _, ...tokens } = record.tokens
  return { hash, record: { ...record, tokens } }
}

const lost = (times: number): Partial<StoredRecord> => ({
  intent: { hash: 'hash', owner: 'o', at: now - 1000, lost: times - 1 },
})
const dead: Partial<StoredRecord> = { dead: { hash: 'hash', at: now, error: 'invalid_grant' } }

/** A step in a word. */
function word(step: Step): string {
  if (step.do === 'serve') return step.renew === undefined ? 'serve' : 'serve and renew'
  if (step.do === 'refresh') return `refresh after ${step.chance.lost}`
  if (!isOAuthError(step.error)) return 'fail'
  return step.error.code === 'sign_in_required' ? step.error.detail.reason : step.error.code
}

describe('decide', () => {
  const everyRotation = rotations.map((rotation) => [rotation] as const)

  it.each(everyRotation)('follows the life of a token under rotation %s', (rotation) => {
    const at = (remaining: number): string => word(decide(held(remaining), plain, now, policy(rotation)))
    expect([hour, 300_001, 300_000, 30_001, 30_000, 1, 0, -hour].map(at)).toEqual([
      'serve',
      'serve',
      'serve and renew',
      'serve and renew',
      'refresh after 0',
      'refresh after 0',
      'refresh after 0',
      'refresh after 0',
    ])
  })

  it.each([
    ['none', ['refresh after 1', 'refresh after 2', 'refresh after 9']],
    ['grace', ['refresh after 1', 'refresh after 2', 'refresh after 9']],
    ['until-first-use', ['refresh after 1', 'refresh after 2', 'refresh after 9']],
    ['strict', ['refresh after 1', 'ambiguous', 'ambiguous']],
    ['unknown', ['refresh after 1', 'ambiguous', 'ambiguous']],
  ] as const)('bounds the presentations that were never answered under rotation %s', (rotation, expected) => {
    const steps = [1, 2, 9].map((times) => word(decide(held(-1, lost(times)), plain, now, policy(rotation))))
    expect(steps).toEqual(expected)
  })

  it.each([
    ['none', 'serve and renew', 'refresh after 1'],
    ['grace', 'serve and renew', 'refresh after 1'],
    ['until-first-use', 'serve and renew', 'refresh after 1'],
    ['unknown', 'serve and renew', 'refresh after 1'],
    // Until the access token has ended there is something to lose.
    ['strict', 'serve', 'serve'],
  ] as const)('repeats a lost presentation under rotation %s when it may', (rotation, early, close) => {
    const at = (remaining: number): string => word(decide(held(remaining, lost(1)), plain, now, policy(rotation)))
    expect([at(60_000), at(10_000), at(0)]).toEqual([early, close, 'refresh after 1'])
  })

  it('knows why nobody can be served, and serves to the last moment all the same', () => {
    const cases = [
      [undefined, 'absent'],
      [without(-1), 'expired'],
      [held(-1, {}, ''), 'expired'],
      [held(-1, dead), 'rejected'],
      [held(-1, { ...dead, ...lost(2) }), 'rejected'],
      [without(10_000), 'serve'],
      [held(10_000, dead), 'serve'],
      [held(10_000, lost(2)), 'serve'],
      [held(60_000, dead), 'serve'],
      [without(undefined), 'serve'],
    ] as const
    for (const [record, expected] of cases) expect(word(decide(record, plain, now, policy('unknown')))).toBe(expected)
  })

  it('holds a mark and an intent against no other refresh token', () => {
    const stranger = {
      dead: { ...dead.dead, hash: 'other', at: now, error: 'x' },
      intent: { hash: 'other', owner: 'o', at: now, lost: 7 },
    }
    for (const rotation of rotations) {
      expect(word(decide(held(-1, stranger), plain, now, policy(rotation)))).toBe('refresh after 0')
    }
  })

  it('gives another token for a refused one, and asks when it is told to', () => {
    for (const rotation of rotations) {
      const step = (need: Partial<Need>): string =>
        word(decide(held(hour), { ...plain, ...need }, now, policy(rotation)))
      expect(step({ refused: 'at' })).toBe('refresh after 0')
      expect(step({ refused: 'another' })).toBe('serve')
      expect(step({ force: true })).toBe('refresh after 0')
      expect(step({ minValidity: hour })).toBe('refresh after 0')
      expect(step({ minValidity: hour - 1 })).toBe('serve')
    }
  })

  it('gives the tokens of one issuer and client to no other, however good they are', () => {
    expect(word(decide(held(hour, { issuer: 'https://evil.example' }), plain, now, policy('none')))).toBe(
      'issuer_mismatch',
    )
    expect(word(decide(held(hour, { issuer, clientId: 'other' }), plain, now, policy('none')))).toBe('config')
    expect(word(decide(held(hour, { issuer, clientId: 'app' }), plain, now, policy('none')))).toBe('serve')
    const { clientId: _, ...anyClient } = policy('none')
    expect(word(decide(held(hour, { clientId: 'issued' }), plain, now, anyClient))).toBe('serve')
  })

  it('leaves it to the API when the clock was set back, or the life of a token is unknown', () => {
    const later = held(hour)
    expect(word(decide(later, plain, now - 60_001, policy('strict')))).toBe('serve')
    expect(word(decide(held(-1), plain, now - 2 * hour, policy('strict')))).toBe('serve')
    expect(word(decide(held(undefined), plain, now, policy('strict')))).toBe('serve')
    expect(word(decide(held(undefined), { ...plain, refused: 'at' }, now, policy('strict')))).toBe('refresh after 0')
  })

  it('renews a short-lived token in its last fifth, and refreshes it in its last tenth', () => {
    const short = (remaining: number): Held => {
      const { record, hash } = held(0)
      return {
        hash,
        record: {
          ...record,
          tokens: { ...record.tokens, obtainedAt: now + remaining - 10_000, expiresAt: now + remaining },
        },
      }
    }
    const at = (remaining: number): string => word(decide(short(remaining), plain, now, policy('grace')))
    expect([2001, 2000, 1001, 1000].map(at)).toEqual(['serve', 'serve and renew', 'serve and renew', 'refresh after 0'])
  })
})

const anyRecord = fc.record({
  remaining: fc.integer({ min: -hour, max: 2 * hour }),
  refreshable: fc.boolean(),
  deadHash: fc.constantFrom(undefined, 'hash', 'other'),
  intentHash: fc.constantFrom(undefined, 'hash', 'other'),
  unanswered: fc.integer({ min: 0, max: 3 }),
  issuer: fc.constantFrom(undefined, issuer, 'https://evil.example'),
})

const anyHeld = anyRecord.map(({ remaining, refreshable, deadHash, intentHash, unanswered, issuer: by }): Held => {
  const more: Partial<StoredRecord> = {
    ...(deadHash !== undefined && { dead: { hash: deadHash, at: now, error: 'invalid_grant' } }),
    ...(intentHash !== undefined && { intent: { hash: intentHash, owner: 'o', at: now, lost: unanswered } }),
    ...(by !== undefined && { issuer: by }),
  }
  return refreshable ? held(remaining, more) : without(remaining, more)
})

const anyNeed = fc
  .record({
    minValidity: fc.constantFrom(0, 60_000, hour),
    force: fc.boolean(),
    refused: fc.constantFrom(undefined, 'at', 'x'),
  })
  .map(({ refused, ...need }): Need => (refused === undefined ? need : { ...need, refused }))

const anyPolicy = fc.constantFrom(...rotations).map((rotation) => policy(rotation))

describe('whatever is stored, decide', () => {
  const holds = (law: (record: Held, need: Need, by: Policy, step: Step) => void): void => {
    const check = (): void =>
      fc.assert(
        fc.property(anyHeld, anyNeed, anyPolicy, (record, need, by) =>
          law(record, need, by, decide(record, need, now, by)),
        ),
        { numRuns: 2000 },
      )
    expect(check).not.toThrow()
  }
  const presented = (step: Step): boolean => step.do === 'refresh' || (step.do === 'serve' && step.renew !== undefined)
  const law = (broken: boolean): void => {
    if (broken) throw new Error('The law is broken.')
  }

  it('never presents a refresh token that is marked dead, or that is not there', () =>
    holds(({ record, hash }, _, __, step) =>
      law(presented(step) && (record.dead?.hash === hash || record.tokens.refreshToken === undefined)),
    ))

  it('never presents a third time what was not answered twice, where that may end the session', () =>
    holds(({ record, hash }, _, { rotation }, step) => {
      const unanswered = record.intent?.hash === hash ? record.intent.lost + 1 : 0
      law(presented(step) && unanswered >= 2 && (rotation === 'strict' || rotation === 'unknown'))
    }))

  it('never serves what is foreign, refused, or has ended', () =>
    holds(({ record }, need, _, step) => {
      if (step.do !== 'serve') return
      law(record.issuer === 'https://evil.example' || need.refused === 'at' || (record.tokens.expiresAt ?? 0) <= now)
    }))

  it('turns nobody away whom a token of ours still serves', () =>
    holds(({ record }, need, _, step) => {
      law(step.do === 'fail' && record.issuer !== 'https://evil.example' && stillServes(record.tokens, need, now))
    }))

  it('asks for a new sign-in only when the record is rejected, expired or ambiguous', () =>
    holds((record, _, __, step) => {
      if (step.do === 'fail') law(!['rejected', 'expired', 'ambiguous', 'issuer_mismatch'].includes(word(step)))
      law(step.do === 'fail' && word(step) === 'expired' && record.record.tokens.refreshToken !== undefined)
    }))
})
