import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { App } from './app.ts'
import { type Browser, eventually, type Tab } from './browser.ts'
import { type Double, startDouble } from './double.ts'
import { engines } from './engines.ts'
import { becomes, finds, inPage } from './in-page.ts'

declare const app: App

const calls = inPage(async () => {
  const { api } = JSON.parse(document.querySelector('#settings')?.textContent ?? '') as { readonly api: string }
  const echo = await app.client.fetch(`${api}/echo`, { method: 'POST', body: 'hello' })
  const stream = await app.client.fetch(`${api}/stream?count=3&interval=10`)
  const lines = (await stream.text()).split('\n').filter((line) => line.startsWith('data')).length
  const { bodyLength } = (await echo.json()) as { readonly bodyLength: number }
  const { sub } = await app.client.userInfo()
  const evil = await app.codeOf(app.client.fetch('https://evil.example/'))
  return [bodyLength, lines, sub, evil, await app.codeOf(app.client.getToken())]
})

describe.each(engines)('what a script of the page finds in $name', ({ name, open }) => {
  let browser: Browser

  beforeAll(async () => {
    browser = await open()
  })
  afterAll(() => browser?.close())

  it('is the tokens, where there is no vault', async () => {
    const double = await startDouble()
    const tab = await double.signedIn(browser)
    await tab.run(calls)
    expect(double.tokens.length).toBeGreaterThan(2)
    const where = await finds(tab, double.tokens)
    expect(where).toEqual(expect.arrayContaining(['fetch', 'IndexedDB, unsealed']))
    await tab.run(`globalThis.kept = { deep: new Map([['a', [${JSON.stringify(double.tokens[0])}]]]) }`)
    expect((await finds(tab, double.tokens)).filter((place) => place.startsWith('globals.kept'))).not.toEqual([])
    await tab.close()
    await double.close()
  })

  it.each(['shared', 'dedicated', 'service'] as const)('is none, with a vault in a %s worker', async (vault) => {
    const double = await startDouble({ page: { vault } })
    const tab = await double.signedIn(browser)
    const good = [5, 3, 'ada', 'origin_not_allowed', 'unsupported']
    expect(await tab.run(calls)).toEqual(good)
    expect(await finds(tab, double.tokens)).toEqual([])
    await tab.run('await app.client.signOut()')
    if (name === 'webkit') await double.signIn(tab)
    else {
      // By a window the vault keeps the code's verifier too. WebKitGTK gives none to whom it drives.
      await tab.click('#popup')
      expect(await eventually(() => tab.run('return app.outcomes[0]'))).toMatchObject({ saved: true })
    }
    expect(await tab.run(calls)).toEqual(good)
    double.server.clock.advance(3_600_000)
    expect(await tab.run(calls)).toEqual(good)
    expect(double.refreshes()).toBe(1)
    await eventually(() => tab.run(`return app.events.some(({ type }) => type === 'refreshed') || undefined`))
    expect(double.tokens.length).toBeGreaterThan(6)
    expect(await finds(tab, double.tokens)).toEqual([])
    expect(await tab.run('return app.uncaught')).toEqual([])
    await tab.close()
    await double.close()
  })
})

describe.each(engines)('a vault in a shared worker in $name', ({ open }) => {
  let browser: Browser
  let double: Double
  let tab: Tab
  let left = 0

  beforeAll(async () => {
    const before = (request: Request): Response | undefined => {
      if (!request.url.endsWith('/api/endless') || request.method !== 'GET') return undefined
      const body = new ReadableStream<Uint8Array>({
        pull: (controller) =>
          new Promise((resolve) => setTimeout(resolve, 50)).then(() => controller.enqueue(new Uint8Array(9))),
        cancel: () => void (left += 1),
      })
      return new Response(body, { headers: { 'access-control-allow-origin': '*' } })
    }
    double = await startDouble({ page: { vault: 'shared' }, before })
    browser = await open()
    tab = await double.signedIn(browser)
  })
  afterAll(async () => {
    await browser?.close()
    await double?.close()
  })

  it('is one session in all tabs, which outlives the reload of one, and ends in all within a second', async () => {
    const other = await double.open(browser)
    await becomes(other, 'signed-in')
    await tab.goto(`${double.origin}/again`)
    await eventually(() => tab.run(`return globalThis.app ? true : undefined`))
    await becomes(tab, 'signed-in')
    await tab.run('void app.client.signOut()')
    const began = performance.now()
    await becomes(other, 'signed-out')
    expect(performance.now() - began).toBeLessThan(1000)
    await other.close()
    await tab.close()
    tab = await double.signedIn(browser)
  })

  it('lets go of what it was reading for a tab that is gone', async () => {
    const doomed = await double.open(browser)
    await becomes(doomed, 'signed-in')
    const api = `${double.server.apiUrl}/endless`
    await doomed.run(`globalThis.reading = await app.client.fetch(${JSON.stringify(api)})`)
    await doomed.close()
    // As soon as the browser has cleared away what is left of the page: Firefox took over ten seconds once.
    await eventually(async () => left > 0 || undefined, 60_000)
    expect(left).toBe(1)
  })

  it('is missed at once by whoever was reading, when the browser has ended it', async () => {
    const page = await double.open(browser)
    const url =
      await page.run(`const { issuer, clientId, api } = JSON.parse(document.querySelector('#settings').textContent)
      const worker = new Worker('/vault.js?' + new URLSearchParams({ issuer, clientId, api }))
      globalThis.mortal = { worker, api, client: app.makeVaulted({ worker: () => worker }) }
      const { port1, port2 } = new MessageChannel()
      worker.postMessage({ type: 'latchkey:vault', task: 'start', given: { leaving: false } }, [port2])
      return new Promise((resolve) => (port1.onmessage = ({ data }) => data.value && resolve(data.value.url)))`)
    const callback = await double.server.approve(new URL(String(url)))
    const reading = `await mortal.client.handleRedirectCallback(${JSON.stringify(callback.href)})
      const reader = (await mortal.client.fetch(mortal.api + '/endless')).body.getReader()
      await reader.read()
      const rest = (async () => { while (!(await reader.read()).done); })()
      setTimeout(() => mortal.worker.terminate(), 100)
      const code = await app.codeOf(rest)
      mortal.client.dispose()
      return code`
    expect(await page.run(reading)).toBe('network')
    await page.close()
  })

  it('is missed in the open, where it cannot be had', async () => {
    const missing = inPage(async () => {
      const said: unknown[] = []
      const onEvent = (event: unknown): void => void said.push(event)
      const none = app.makeVaulted({ worker: () => new SharedWorker('/no-such.js'), onEvent })
      const code = await app.codeOf(none.fetch(`${location.origin}/`))
      const plain = app.makeVaulted({ worker: () => new Worker('/no-such.js'), fallback: () => app.make(), onEvent })
      const out = await plain.signOut({ revoke: false })
      none.dispose()
      plain.dispose()
      return [code, out.revocation, said]
    })
    expect(await tab.run(missing)).toEqual([
      'unsupported',
      'skipped',
      [
        { type: 'vault-missing', fallback: false },
        { type: 'vault-missing', fallback: true },
      ],
    ])
  })
})

describe.each(engines.filter(({ name }) => name === 'chromium'))(
  'a vault that may outlive its page in $name',
  ({ open }) => {
    const make = `const { issuer, clientId, api } = JSON.parse(document.querySelector('#settings').textContent)
    const script = '/vault.js?' + new URLSearchParams({ issuer, clientId, api })
    globalThis.lasting = app.makeVaulted({ worker: () => new SharedWorker(script, { name: 'lasting', extendedLifetime: true }) })`

    it('keeps the session while the only page is loaded again', async () => {
      const double = await startDouble({ page: { vault: 'shared' } })
      const browser = await open()
      const tab = await double.open(browser)
      await tab.run(`${make}; void lasting.signIn()`)
      await eventually(() =>
        tab.run(`return new URLSearchParams(location.search).has('code') && globalThis.app ? true : undefined`),
      )
      await tab.run(
        `${make}; await lasting.handleRedirectCallback(); globalThis.old = true; setTimeout(() => location.reload(), 10)`,
      )
      await eventually(() => tab.run('return globalThis.app && !globalThis.old ? true : undefined'))
      await tab.run(make)
      const status = eventually(() => tab.run(`return lasting.getSnapshot().status === 'signed-in' || undefined`))
      expect(await status).toBe(true)
      await browser.close()
      await double.close()
    })
  },
)
