import { describe, expect, it } from 'vitest'
import { manualClock } from '../../../src/testing/index.ts'
import { freshMap } from '../../../src/worker/fresh-map.ts'
import { makeRequest, toReply } from './browser.ts'
import { cookieOf, hour, origin, sessionCookie, workerRig } from './rig.ts'

describe('requests of one person', () => {
  it('who all need a new token cause one refresh', async () => {
    const rig = workerRig({ server: { rotation: 'strict' } })
    const browser = rig.browser()
    await rig.signIn(browser)
    rig.clock.advance(hour)
    const before = rig.tokenCalls()
    const replies = await Promise.all(Array.from({ length: 50 }, () => browser.script('/api/echo')))
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]))
    expect(rig.tokenCalls()).toBe(before + 1)
  })

  it('in many isolates too', async () => {
    const rig = workerRig({ server: { rotation: 'strict' } })
    const browser = rig.browser()
    await rig.signIn(browser)
    rig.clock.advance(hour)
    const before = rig.tokenCalls()
    const headers = { cookie: `${sessionCookie}=${cookieOf(browser, sessionCookie).value}` }
    const isolates = Array.from({ length: 20 }, () => rig.browser(rig.another()))
    const replies = await Promise.all(isolates.map((isolate) => isolate.script('/api/echo', { headers })))
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]))
    expect(rig.tokenCalls()).toBe(before + 1)
  })

  it('let a refresh go on when they leave', async () => {
    const rig = workerRig({ server: { rotation: 'strict' } })
    const browser = rig.browser()
    await rig.signIn(browser)
    rig.clock.advance(hour)
    const hold = rig.server.faults.hold('token')
    const stop = new AbortController()
    const cookie = `${sessionCookie}=${cookieOf(browser, sessionCookie).value}`
    const asked = { method: 'GET', headers: { cookie, 'latchkey-csrf': '1' }, body: undefined, signal: stop.signal }
    const kept: Promise<unknown>[] = []
    const context = { waitUntil: (work: Promise<unknown>) => void kept.push(work) }
    const answered = rig.handler.answer(makeRequest(`${origin}/api/echo`, asked), context).then(toReply)
    await hold.arrived
    stop.abort()
    expect((await answered).status).not.toBe(200)
    expect(kept.length).toBeGreaterThan(0)
    hold.release()
    await Promise.all(kept)
    const [key = ''] = await rig.store.keys()
    expect((await rig.store.get(key))?.tokens.obtainedAt).toBe(rig.clock.now())
    const before = rig.tokenCalls()
    expect((await browser.script('/api/echo')).status).toBe(200)
    expect(rig.tokenCalls()).toBe(before)
  })

  it('go on without a context, or with one that is over', async () => {
    const rig = workerRig()
    const browser = rig.browser()
    await rig.signIn(browser)
    rig.clock.advance(hour)
    const over = {
      waitUntil: () => {
        throw new TypeError('Illegal invocation')
      },
    }
    const cookie = `${sessionCookie}=${cookieOf(browser, sessionCookie).value}`
    const asked = { method: 'GET', headers: { cookie, 'latchkey-csrf': '1' }, body: undefined, signal: undefined }
    const answered = await rig.handler.answer(makeRequest(`${origin}/api/echo`, asked), over)
    expect(answered.status).toBe(200)
  })

  it('ask for the metadata of the server once', async () => {
    const rig = workerRig()
    for (let count = 0; count < 3; count++) await rig.signIn(rig.browser())
    rig.clock.advance(599_000)
    await rig.signIn(rig.browser())
    expect(rig.server.history.count({ endpoint: 'metadata' })).toBe(1)
    rig.clock.advance(1000)
    await rig.signIn(rig.browser())
    expect(rig.server.history.count({ endpoint: 'metadata' })).toBe(2)
  })

  it('are answered in the name of whom the store names now, when another isolate has changed that', async () => {
    const users = [{ sub: 'ada' }, { sub: 'grace' }]
    const rig = workerRig({ server: { users }, options: { authenticate: () => 'one' } })
    const [here, there] = [rig.browser(), rig.browser(rig.another())]
    await rig.signIn(here, { user: 'ada' })
    for (let count = 0; count < 2; count++) {
      expect(await (await here.script('/api/echo')).json()).toMatchObject({ account: 'ada' })
    }
    await rig.signIn(there, { user: 'grace' })
    rig.clock.advance(10_000)
    expect(await (await here.script('/api/echo')).json()).toMatchObject({ account: 'grace' })
    await there.script('/auth/logout', { method: 'POST' })
    rig.clock.advance(10_000)
    expect((await here.script('/api/echo')).status).toBe(401)
  })
})

describe('a map that forgets', () => {
  it('gives what is fresh, and holds no more than it may', () => {
    const clock = manualClock()
    const map = freshMap<number>({ clock, freshFor: 1000, limit: 2 })
    for (const name of ['a', 'b']) map.set(name, 1)
    map.get('a')
    map.set('c', 1)
    expect(['a', 'b', 'c'].map(map.get)).toEqual([1, undefined, 1])
    clock.advance(1000)
    expect(['a', 'c'].map(map.get)).toEqual([undefined, undefined])
  })

  it('takes nothing for young because the clock was set back', () => {
    let now = 5000
    const map = freshMap<number>({ clock: { now: () => now }, freshFor: 1000 })
    map.set('a', 1)
    now -= 1
    expect(map.get('a')).toBeUndefined()
  })
})
