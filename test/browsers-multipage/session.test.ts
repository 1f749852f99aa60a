import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Browser, eventually } from './browser.ts'
import { type Double, startDouble } from './double.ts'
import { engines } from './engines.ts'
import { becomes, inPage, ready } from './in-page.ts'
import type { ReactPage } from './react.ts'

declare const reactPage: ReactPage

describe.each(engines)('a page with React in $name', ({ open }) => {
  let browser: Browser
  let double: Double

  beforeAll(async () => {
    double = await startDouble({ page: { script: 'react' } })
    browser = await open()
  })
  afterAll(async () => {
    await browser?.close()
    await double?.close()
  })

  it('handles its callback once, although strict mode asks twice, and shows who has signed in', async () => {
    const tab = await double.open(browser)
    const shown = (text: string): Promise<unknown> =>
      eventually(() => tab.run(`return document.querySelector('#session')?.textContent === '${text}' || undefined`))
    await shown('signed-out  ')
    await tab.run(`void app.client.signIn({ appState: { returnTo: '/inbox' } })`)
    await shown('signed-in ada /inbox')
    expect(await tab.run(inPage(() => [reactPage.effects, location.search]))).toEqual([2, ''])
    expect(double.server.history.count({ endpoint: 'token' })).toBe(1)
    // A snapshot that is another each time would be drawn for ever.
    const renders = await tab.run<number>(inPage(() => reactPage.renders))
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(await tab.run(inPage(() => reactPage.renders))).toBe(renders)
    await tab.run('await app.client.signOut()')
    await shown('signed-out  /inbox')
    expect(await tab.run('return app.uncaught')).toEqual([])
    await tab.close()
  })
})

describe.each(engines)('a session in $name', ({ open }) => {
  let browser: Browser

  beforeAll(async () => {
    browser = await open()
  })
  afterAll(() => browser?.close())

  it.each([undefined, 'shared'] as const)('ends at the server too, and comes back here (vault: %s)', async (vault) => {
    const double = await startDouble({ page: { vault } })
    const tab = await double.signedIn(browser)
    const back = `${double.origin}/callback`
    await tab.run('globalThis.old = true')
    await tab.run(`void app.client.signOut({ endSession: true, postLogoutRedirectUri: '${back}', revoke: false })`)
    await eventually(async () => double.server.history.count({ endpoint: 'endSession' }) > 0 || undefined)
    await eventually(() =>
      tab.run(`return location.pathname === '/callback' && globalThis.app && !globalThis.old ? true : undefined`),
    )
    await becomes(tab, 'signed-out')
    expect(await tab.run('return app.codeOf(app.client.handleRedirectCallback())')).toBe('nothing')
    expect(await tab.run('return location.search')).toBe('')
    await tab.close()
    await double.close()
  })

  it('is bound to a key that no script can take away, and that another page can use', async () => {
    const double = await startDouble()
    const tab = await double.open(browser)
    const bound = `globalThis.bound = app.make({ dpop: true, account: 'bound' })`
    await tab.run(`${bound}; void bound.signIn()`)
    await eventually(() =>
      tab.run(`return new URLSearchParams(location.search).has('code') && globalThis.app ? true : undefined`),
    )
    await tab.run(`${bound}; await bound.handleRedirectCallback()`)
    await tab.goto(`${double.origin}/again`)
    await ready(tab)
    const used = await tab.run(
      `${bound}
      const { tokenType } = await bound.getToken({ forceRefresh: true })
      const response = await bound.fetch('${double.server.apiUrl}/echo')
      const database = await new Promise((resolve) => {
        const request = indexedDB.open('latchkey')
        request.onsuccess = () => resolve(request.result)
      })
      const found = []
      const look = (value) => {
        if (value instanceof CryptoKey) found.push([value.type, value.algorithm.name, value.extractable])
        else if (typeof value === 'object' && value !== null) Object.values(value).forEach(look)
      }
      for (const name of database.objectStoreNames) {
        const request = database.transaction(name).objectStore(name).getAll()
        await new Promise((resolve) => { request.onsuccess = resolve })
        look(request.result)
      }
      return [tokenType, response.status, found.sort()]`,
    )
    expect(used).toEqual([
      'DPoP',
      200,
      expect.arrayContaining([
        ['private', 'ECDSA', false],
        ['secret', 'AES-GCM', false],
      ]),
    ])
    expect(double.refreshes()).toBe(1)
    await tab.close()
    await double.close()
  })
})
