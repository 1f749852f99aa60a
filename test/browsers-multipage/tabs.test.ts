import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { App } from './app.ts'
import { type Browser, eventually, type Tab } from './browser.ts'
import { type Double, startDouble } from './double.ts'
import { engines } from './engines.ts'
import { becomes, inPage, ready } from './in-page.ts'

declare const app: App

const hour = 3_600_000

/** Lets an hour pass, so that the access token has expired. */
async function expire({ server }: Double, tabs: readonly Tab[]): Promise<void> {
  server.clock.advance(hour)
  await Promise.all(tabs.map((tab) => tab.run(`app.ahead += ${hour}`)))
}

const token = 'return app.client.getAccessToken()'

describe.each(engines)('tabs that share a session in $name', ({ open }) => {
  let browser: Browser
  let double: Double
  let first: Tab

  beforeAll(async () => {
    // A request that is held may arrive after the one that took its place.
    double = await startDouble({ rotation: 'grace' })
    browser = await open()
    first = await double.signedIn(browser)
  })
  afterEach(() => double.server.faults.clear())
  afterAll(async () => {
    await browser?.close()
    await double?.close()
  })

  it('refresh once when an expired token is needed in both at once', async () => {
    const second = await double.open(browser)
    await becomes(second, 'signed-in')
    const before = double.refreshes()
    await expire(double, [first])
    await second.run(`app.ahead = ${hour}`)
    const [one, other] = await Promise.all([first.run(token), second.run(token)])
    expect(one).toBe(other)
    expect(double.refreshes()).toBe(before + 1)
    await second.close()
  })

  it.each(['closed', 'navigated'])('go on when the one that refreshes is %s', async (fate) => {
    const doomed = await double.open(browser)
    const ahead = await first.run<number>('return app.ahead')
    await doomed.run(`app.ahead = ${ahead}`)
    await expire(double, [first, doomed])
    const held = double.server.faults.hold('token')
    await doomed.run('void app.client.getAccessToken().catch(() => undefined)')
    await held.arrived
    if (fate === 'closed') await doomed.close()
    else await doomed.goto('about:blank')
    const began = performance.now()
    const outcome = first.run('return app.codeOf(app.client.getAccessToken().then(() => "a token"))')
    expect(await outcome).toBe('a token')
    expect(performance.now() - began).toBeLessThan(10_000)
    if (fate === 'navigated') await doomed.close()
  })

  it('are not kept waiting beyond the lock timeout by one that never lets go', async () => {
    const stuck = await double.open(browser)
    const lock = inPage(async () => {
      const slot = app.client.provider.id
      await new Promise<void>((granted) => {
        void navigator.locks.request(`latchkey:lock:${slot}`, () => {
          granted()
          return new Promise(() => undefined)
        })
      })
    })
    await stuck.run(lock)
    const before = double.refreshes()
    const impatient = inPage(async () => {
      const client = app.make({ lockTimeout: 1000 })
      const began = performance.now()
      const good = await app.codeOf(client.getAccessToken().then(() => 'a token'))
      app.ahead += 3_600_000
      const late = await app.codeOf(client.getAccessToken())
      client.dispose()
      return [good, late, performance.now() - began < 5000]
    })
    expect(await first.run(impatient)).toEqual(['a token', 'lock_timeout', true])
    expect(double.refreshes()).toBe(before)
    double.server.clock.advance(hour)
    await stuck.close()
    expect(await first.run('return app.codeOf(app.client.getAccessToken().then(() => "a token"))')).toBe('a token')
  })
})

describe.each(engines)('tabs of which one did not look, in $name', ({ open }) => {
  let browser: Browser
  let double: Double
  let first: Tab

  beforeAll(async () => {
    double = await startDouble()
    browser = await open()
    first = await double.signedIn(browser)
  })
  afterAll(async () => {
    await browser?.close()
    await double?.close()
  })

  it('go on with what they have when the database is deleted under them, and say nothing to nobody', async () => {
    const other = await double.open(browser)
    const deleted = `await new Promise((resolve, reject) => {
      const request = indexedDB.deleteDatabase('latchkey')
      request.onsuccess = resolve
      request.onerror = request.onblocked = reject
    })`
    const before = await first.run<string>(token)
    await other.run(deleted)
    expect(await first.run(token)).toBe(before)
    expect(await first.run('return app.uncaught')).toEqual([])
    await first.goto(double.origin)
    await ready(first)
    await becomes(first, 'signed-out')
    await other.close()
    await first.close()
    first = await double.signedIn(browser)
  })

  it('learn on the way back from the back/forward cache that they were signed out', async () => {
    const backFromCache = async (): Promise<boolean> => {
      const sleeper = await double.open(browser)
      await becomes(sleeper, 'signed-in')
      await sleeper.run(
        `globalThis.marker = true; addEventListener('pageshow', (e) => { globalThis.persisted = e.persisted })`,
      )
      await sleeper.goto(`${double.server.issuer}/.well-known/openid-configuration`)
      await first.run('await app.client.signOut()')
      await sleeper.back()
      await ready(sleeper)
      await becomes(sleeper, 'signed-out')
      expect(await sleeper.run('return app.uncaught')).toEqual([])
      const cached = await sleeper.run<boolean>('return globalThis.marker === true && globalThis.persisted === true')
      await sleeper.close()
      return cached
    }
    let cached = await backFromCache()
    // A browser may drop what it keeps so, for reasons of its own.
    for (let left = 3; left > 0 && !cached; left--) {
      await first.close()
      first = await double.signedIn(browser)
      cached = await backFromCache()
    }
    expect(cached).toBe(true)
  })
})

describe.each(engines.filter(({ name }) => name === 'chromium'))('a frozen tab in $name', ({ open }) => {
  let browser: Browser
  let double: Double
  let first: Tab

  beforeAll(async () => {
    double = await startDouble({ rotation: 'grace' })
    browser = await open()
    first = await double.signedIn(browser)
  })
  afterEach(() => double.server.faults.clear())
  afterAll(async () => {
    await browser?.close()
    await double?.close()
  })

  /** Another tab that is frozen in the middle of its refresh, and the server that has not answered it yet. */
  async function frozen(make: string): Promise<{ readonly tab: Tab; release(): void }> {
    const tab = await double.open(browser)
    await becomes(tab, 'signed-in')
    await tab.run(`app.ahead = ${await first.run<number>('return app.ahead')}; ${make}`)
    await expire(double, [first, tab])
    const held = double.server.faults.hold('token')
    await tab.run('globalThis.asked = (globalThis.mine ?? app.client).getAccessToken().catch(({ code }) => code)')
    await held.arrived
    await tab.freeze?.(true)
    return { tab, release: () => void held.release() }
  }

  it('that holds the lock keeps nobody waiting beyond the lock timeout', async () => {
    const { tab } = await frozen('')
    const waits = inPage(async () => {
      const client = app.make({ lockTimeout: 2000 })
      const began = performance.now()
      const code = await app.codeOf(client.getAccessToken())
      client.dispose()
      return [code, performance.now() - began]
    })
    const [code, waited] = await first.run<[string, number]>(waits)
    expect(code).toBe('lock_timeout')
    expect(waited).toBeLessThan(4000)
    await tab.close()
    const after = await first.run('return app.codeOf(app.client.getAccessToken().then(() => "a token"))')
    expect(after).toBe('a token')
  })

  it('loses its lease where there are no locks, and overwrites nothing newer when it wakes', async () => {
    const lockless = `Object.defineProperty(navigator, 'locks', { value: undefined })
      globalThis.mine = app.make()`
    await first.run(lockless)
    const { tab, release } = await frozen(lockless)
    const began = performance.now()
    const newer = await first.run<string>('return globalThis.mine.getAccessToken()')
    expect(performance.now() - began).toBeLessThan(20_000)
    release()
    await new Promise((resolve) => setTimeout(resolve, 500))
    await tab.freeze?.(false)
    await tab.run('await globalThis.asked')
    const use = `return (await globalThis.mine.fetch('${double.server.apiUrl}/echo')).status`
    expect([await tab.run(use), await first.run(use)]).toEqual([200, 200])
    const stored = `const other = app.make(); return other.getAccessToken().finally(() => other.dispose())`
    expect(await tab.run(stored)).toBe(await first.run(stored))
    expect(newer).not.toBe('lock_timeout')
    await tab.close()
  })
})

describe.each(engines.filter(({ name }) => name === 'chromium'))('many tabs in $name', ({ open }) => {
  // All of it with `npm run browsers -- --long`.
  const [count, rounds] = process.env['LONG'] === undefined ? [12, 3] : [50, 20]
  let browser: Browser
  let double: Double

  beforeAll(async () => {
    double = await startDouble()
    browser = await open()
  })
  afterAll(async () => {
    await browser?.close()
    await double?.close()
  })

  it('refresh once in each round, all have the new token within a second, and all are signed out by one', async () => {
    const tabs = [await double.signedIn(browser)]
    while (tabs.length < count) tabs.push(await double.open(browser))
    await Promise.all(tabs.map((tab) => becomes(tab, 'signed-in')))
    const spreads: number[] = []
    for (let round = 1; round <= rounds; round++) {
      await expire(double, tabs)
      // All of them at one moment, which lies a little ahead.
      const ask = `const at = ${Date.now() + 700}
        await new Promise((resolve) => setTimeout(resolve, at - Date.now()))
        const token = await app.client.getAccessToken()
        return [token, Date.now()]`
      const got = await Promise.all(tabs.map((tab) => tab.run<[string, number]>(ask)))
      expect(new Set(got.map(([found]) => found)).size).toBe(1)
      expect(double.refreshes()).toBe(round)
      const times = got.map(([, at]) => at)
      spreads.push(Math.max(...times) - Math.min(...times))
    }
    console.log(`from the first tab that had the new token to the last, in ms: ${spreads.join(' ')}`)
    expect(Math.max(...spreads)).toBeLessThan(1000)

    const began = Date.now()
    await tabs[0]?.run('void app.client.signOut()')
    await Promise.all(tabs.map((tab) => becomes(tab, 'signed-out')))
    console.log(`signed out in all tabs after ${Date.now() - began} ms`)
    expect(Date.now() - began).toBeLessThan(1000)
    const uncaught = await eventually(() => Promise.all(tabs.map((tab) => tab.run<string[]>('return app.uncaught'))))
    expect(uncaught.flat()).toEqual([])
  }, 300_000)
})
