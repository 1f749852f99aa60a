import { describe, expect, it } from 'vitest'
import { createAuthorizationServer, manualClock, testClock } from '../../../src/testing/index.ts'

describe('manualClock', () => {
  it('stands still until it is moved, and wakes those whose time has come', async () => {
    const clock = manualClock(1_000)
    expect(clock.now()).toBe(1_000)
    const woken: number[] = []
    const sleepers = [200, 100, 300].map((ms) => clock.sleep(ms).then(() => woken.push(ms)))
    clock.advance(200)
    await Promise.all(sleepers.slice(0, 2))
    expect(woken.toSorted()).toEqual([100, 200])
    clock.advance(100)
    await Promise.all(sleepers)
    expect(clock.now()).toBe(1_300)
  })

  it('goes back, too', () => {
    const clock = manualClock(1_000)
    clock.advance(-500)
    expect(clock.now()).toBe(500)
    expect(() => clock.advance(Number.NaN)).toThrow(TypeError)
  })

  it('ends a sleep when its signal aborts, without rejecting', async () => {
    const abort = new AbortController()
    const sleeping = manualClock().sleep(1_000, abort.signal)
    abort.abort()
    await expect(sleeping).resolves.toBeUndefined()
    await expect(manualClock().sleep(1_000, abort.signal)).resolves.toBeUndefined()
    await expect(manualClock().sleep(0)).resolves.toBeUndefined()
  })
})

describe('testClock', () => {
  it('runs on, and can be moved besides', async () => {
    const clock = testClock()
    const before = clock.now()
    expect(Math.abs(before - Date.now())).toBeLessThan(1_000)
    await clock.sleep(5)
    const hour = clock.sleep(3_600_000)
    clock.advance(3_600_000)
    await hour
    expect(clock.now() - before).toBeGreaterThanOrEqual(3_600_004)
  })

  it('is what a server makes of any clock', () => {
    const server = createAuthorizationServer({ clock: { now: () => 7 } })
    server.clock.advance(3)
    expect(server.clock.now()).toBe(10)
    const shared = manualClock()
    expect(createAuthorizationServer({ clock: shared }).clock).toBe(shared)
  })
})
