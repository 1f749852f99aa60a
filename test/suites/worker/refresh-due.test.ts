import { describe, expect, it } from 'vitest'
import { createWorkerHandler } from '../../../src/worker/index.ts'
import { refreshDue } from '../../../src/worker/refresh-due.ts'
import { hour, workerRig } from './rig.ts'

const minutes = 60_000

describe('refreshDue', () => {
  it('renews what would end soon, and nothing else', async () => {
    const rig = workerRig({ server: { rotation: 'strict' } })
    const early = rig.browser()
    await rig.signIn(early)
    rig.clock.advance(50 * minutes)
    await rig.signIn(rig.browser())
    const report = await refreshDue(rig.handler.desk, { within: 15 * minutes })
    expect(report).toEqual({ refreshed: 1, ended: 0, failed: {} })
    expect(await refreshDue(rig.handler.desk, { within: 15 * minutes })).toEqual({ refreshed: 0, ended: 0, failed: {} })
    const before = rig.tokenCalls()
    rig.clock.advance(15 * minutes)
    expect((await early.script('/api/echo')).status).toBe(200)
    expect(rig.tokenCalls()).toBe(before)
  })

  it('leaves a token alone that is good for longer, though a request would renew it early', async () => {
    const rig = workerRig()
    await rig.signIn(rig.browser())
    rig.clock.advance(57 * minutes)
    const before = rig.tokenCalls()
    expect(await refreshDue(rig.handler.desk, { within: minutes })).toEqual({ refreshed: 0, ended: 0, failed: {} })
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(rig.tokenCalls()).toBe(before)
  })

  it('ends the sessions whose time is over, at the server too', async () => {
    const rig = workerRig({ options: { sessionLifetime: hour } })
    await rig.signIn(rig.browser())
    rig.clock.advance(hour)
    await rig.signIn(rig.browser())
    expect(await refreshDue(rig.handler.desk, { within: 0 })).toEqual({ refreshed: 0, ended: 1, failed: {} })
    expect(await rig.store.keys()).toHaveLength(1)
    expect(rig.server.history.count({ endpoint: 'revocation' })).toBeGreaterThan(0)
  })

  it('counts what failed, and goes on with the others', async () => {
    const rig = workerRig()
    for (let count = 0; count < 6; count++) await rig.signIn(rig.browser())
    rig.clock.advance(50 * minutes)
    rig.server.faults.next('token', { status: 503 })
    rig.server.faults.next('token', { status: 400, body: { error: 'invalid_grant' } })
    const report = await refreshDue(rig.handler.desk, { within: 15 * minutes })
    expect(report).toEqual({ refreshed: 4, ended: 0, failed: { server_error: 1, sign_in_required: 1 } })
    expect(rig.errors).toHaveLength(2)
  })

  it('leaves the accounts of others alone', async () => {
    const rig = workerRig()
    await rig.signIn(rig.browser())
    const [key = ''] = await rig.store.keys()
    const record = await rig.store.get(key)
    await rig.store.update('another-provider', () => record)
    await rig.store.update(`${key.split('@')[0]}-else@a`, () => record)
    rig.clock.advance(50 * minutes)
    expect((await refreshDue(rig.handler.desk, { within: 15 * minutes })).refreshed).toBe(1)
  })

  it('stops when it is told to', async () => {
    const rig = workerRig()
    await rig.signIn(rig.browser())
    const work = refreshDue(rig.handler.desk, { within: 2 * hour, signal: AbortSignal.abort() })
    await expect(work).rejects.toMatchObject({ code: 'aborted' })
  })

  it('is part of the handler', async () => {
    const { options } = workerRig()
    const handle = createWorkerHandler(options)
    expect(await handle.refreshDue({ within: hour })).toEqual({ refreshed: 0, ended: 0, failed: {} })
    await expect(handle.refreshDue({ within: -1 })).rejects.toThrow(TypeError)
  })
})
