import { expect, it } from 'vitest'

import { memoryStore } from '../../../src/index.ts'
import { hour, rig } from '../client/rig.ts'

it('shows no refresh token before the keys are here: what it brings must not wait for them unstored', async () => {
  const store = memoryStore()
  const { client, signIn, clock, server, refreshes } = rig({ client: { store } })
  await signIn()
  clock.advance(hour)
  const held = server.faults.hold('jwks')
  const call = client.getToken()
  await held.arrived
  expect(refreshes()).toBe(0)
  held.release()
  await call
  expect(refreshes()).toBe(1)
})

it('refreshes where the keys cannot be had', async () => {
  const { client, signIn, clock, server, refreshes } = rig()
  await signIn()
  clock.advance(hour)
  server.faults.always('jwks', { status: 503 })
  await client.getToken()
  expect([refreshes(), client.getSnapshot().account?.subject]).toEqual([1, 'ada'])
})
