import { expect, it } from 'vitest'

import type { TokenSet } from '../../../src/contracts.ts'
import { decide, quietUntil } from '../../../src/lifecycle/decide.ts'
import type { Policy } from '../../../src/lifecycle/decide.ts'

const minute = 60_000

it('says until when the same record is served with nothing to renew, and not a moment longer', () => {
  const need = { minValidity: 0, force: false }
  const lifetimes = [undefined, 1, 10, 60, 600]
  let ends = 0
  for (const lifetime of lifetimes) {
    for (const obtainedAt of [undefined, 0, 30 * minute]) {
      for (const refreshBefore of [0, minute, 5 * minute]) {
        const policy: Policy = { rotation: 'strict', refreshBefore, issuer: 'https://id.example.com' }
        const tokens: TokenSet = {
          accessToken: 'a',
          tokenType: 'Bearer',
          refreshToken: 'r',
          ...(obtainedAt !== undefined && { obtainedAt }),
          ...(lifetime !== undefined && { expiresAt: (obtainedAt ?? 0) + lifetime * minute }),
        }
        const held = { record: { tokens }, hash: 'h' }
        const until = quietUntil(held, need, policy)
        const quiet = (now: number): boolean => {
          const step = decide(held, need, now, policy)
          return step.do === 'serve' && step.renew === undefined
        }
        for (let now = -90 * minute; now < Math.min(until, 700 * minute); now += minute / 4)
          expect(quiet(now)).toBe(true)
        if (until === Infinity) continue
        expect(quiet(until - 1)).toBe(true)
        expect(quiet(until)).toBe(false)
        ends++
      }
    }
  }
  expect(ends).toBe(36)
})
