import { expect, it } from 'vitest'

import { hour, rig } from '../client/rig.ts'

it('refreshes once for each of 100 rounds of 1000 callers', async () => {
  const { client, signIn, clock, refreshes } = rig()
  await signIn()
  const distinct: number[] = []
  for (let round = 1; round <= 100; round++) {
    clock.advance(hour)
    const tokens = await Promise.all(Array.from({ length: 1000 }, () => client.getAccessToken()))
    distinct.push(new Set(tokens).size)
  }
  expect(new Set(distinct)).toEqual(new Set([1]))
  expect(refreshes()).toBe(100)
}, 60_000)
