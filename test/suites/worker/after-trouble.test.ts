import { expect, it } from 'vitest'
import { OAuthError } from '../../../src/errors.ts'
import { cookieSecret, hour, workerRig } from './rig.ts'

it('notices a sign-out elsewhere, also after a token could not be written for a moment', async () => {
  const rig = workerRig()
  let broken = false
  const guard = <T>(work: () => Promise<T>): Promise<T> =>
    broken ? Promise.reject(new OAuthError('persist_failed', { where: 'test', reason: 'full' })) : work()
  const handler = rig.another({
    store: {
      ...rig.store,
      update: (key, change) => guard(() => rig.store.update(key, change)),
      lock: (key, task, options) =>
        rig.store.lock(
          key,
          (held) => task({ get: held.get, update: (name, change) => guard(() => held.update(name, change)) }),
          options,
        ),
    },
  })
  const browser = rig.browser(handler)
  await rig.signIn(browser)
  rig.clock.advance(hour)
  const due = rig.clock.now()
  const hold = rig.server.faults.hold('token')
  const call = browser.script('/api/echo')
  await hold.arrived
  broken = true
  hold.release()
  expect((await call).status).toBe(200)
  broken = false
  rig.clock.advance(12_000)
  expect((await browser.script('/api/echo')).status).toBe(200)
  const [slot = ''] = await rig.store.keys()
  await expect.poll(async () => (await rig.store.get(slot))?.tokens.obtainedAt).toBe(due)
  // Another isolate's sign-out. Here it may go unnoticed for ten seconds.
  await rig.store.update(slot, () => undefined)
  rig.clock.advance(10_001)
  expect((await browser.script('/api/echo')).status).toBe(401)
})

it('goes on with the cookie secrets that it has while new ones cannot be had', async () => {
  const rig = workerRig()
  let down = false
  const handler = rig.another({
    cookieSecret: async () => (down ? Promise.reject(new Error('The vault is down.')) : cookieSecret),
  })
  const browser = rig.browser(handler)
  await rig.signIn(browser)
  expect((await browser.script('/api/echo')).status).toBe(200)
  down = true
  rig.clock.advance(300_001)
  expect((await browser.script('/api/echo')).status).toBe(200)
})
