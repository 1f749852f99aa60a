import { describe, expect, it } from 'vitest'

import { loaded } from '../../../src/core/loaded.ts'
import { failedOutcome } from '../../../src/lifecycle/outcome.ts'
import { manualClock } from '../../../src/testing/index.ts'
import { failureOf } from './rig.ts'

const limits = { clock: manualClock(), timeout: 30_000 }

describe('a part of the program', () => {
  it('is what is waited for', async () => {
    expect(await loaded(Promise.resolve('part'), limits)).toBe('part')
  })

  it('that cannot be loaded costs no refresh token: nothing was sent', async () => {
    const missing = Promise.reject(new TypeError('Failed to fetch dynamically imported module'))
    const error = await failureOf(loaded(missing, limits))
    expect(error).toMatchObject({ code: 'network', retryable: true, detail: { sent: 'no' } })
    expect(failedOutcome(error, []).kind).toBe('unsent')
  })

  it('is not waited for without end', async () => {
    const waiting = failureOf(loaded(new Promise(() => undefined), limits))
    // A timer is set once it is clear that the part is not there yet.
    await new Promise((resolve) => setTimeout(resolve, 0))
    limits.clock.advance(30_000)
    expect(await waiting).toMatchObject({ code: 'timeout', retryable: true })
  })
})
