import { describe, expect, it } from 'vitest'

import type { Store } from '../../../src/contracts.ts'
import { memoryStore } from '../../../src/index.ts'
import { hour, rig, settled } from '../client/rig.ts'

describe('what is known of a session', () => {
  it('is not what a refresh brought, where somebody has signed out while its lock was let go', async () => {
    const inner = memoryStore()
    let letGo = (): void => undefined
    let commit = (): void => undefined
    const committed = new Promise<void>((resolve) => (commit = resolve))
    const released = new Promise<void>((resolve) => (letGo = resolve))
    const lock: Store['lock'] = (key, task, options) =>
      inner.lock(
        key,
        async (held) => {
          const result = await task(held)
          commit()
          await released
          return result
        },
        options,
      )
    const { client, another, signIn, clock } = rig({ client: { store: { ...inner, lock } } })
    client.subscribe(() => undefined)
    await signIn()
    clock.advance(hour)
    const call = client.getToken()
    await committed
    await another({ store: inner }).signOut()
    await settled()
    letGo()
    await call
    await settled()
    expect(client.getSnapshot().status).toBe('signed-out')
    await expect(client.getToken()).rejects.toMatchObject({ code: 'sign_in_required' })
  })

  it('is told once: that the server has ended it', async () => {
    const { client, signIn, clock, server, events } = rig()
    await signIn()
    clock.advance(hour)
    server.faults.next('token', { grant: 'refresh_token', status: 400, body: { error: 'invalid_grant' } })
    for (let i = 0; i < 4; i++) await client.getToken().catch(() => undefined)
    expect(events.filter(({ type }) => type === 'signed-out')).toHaveLength(1)
  })
})
