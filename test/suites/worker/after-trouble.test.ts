import { expect, it } from 'vitest'
import { fullAtTimes } from './full-at-times.ts'
import { cookieSecret, hour, workerRig } from './rig.ts'

it('notices a sign-out elsewhere, also after a token could not be written for a moment', async () => {
  const rig = workerRig()
  const disk = fullAtTimes(rig.store)
  const handler = rig.another({ store: disk.store })
  const browser = rig.browser(handler)
  await rig.signIn(browser)
  rig.clock.advance(hour)
  const due = rig.clock.now()
  const hold = rig.server.faults.hold('token')
  const call = browser.script('/api/echo')
  await hold.arrived
  disk.full = true
  hold.release()
  expect((await call).status).toBe(200)
  disk.full = false
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
