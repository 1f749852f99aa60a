import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { App } from './app.ts'
import { type Browser, eventually, type Tab } from './browser.ts'
import { type Double, startDouble } from './double.ts'
import { engines } from './engines.ts'
import { becomes, finds, inPage, ready } from './in-page.ts'

declare const app: App

/** What the browser itself remembers of how this page was reached. The code in it is used up. */
const remembered = ['performance', 'globals.navigation.activation.entry.url']

describe.each(engines)('what a sign-in leaves behind in $name', ({ open }) => {
  let browser: Browser
  let double: Double
  let tab: Tab

  beforeAll(async () => {
    double = await startDouble()
    browser = await open()
    tab = await double.open(browser)
  })
  afterAll(async () => {
    await browser?.close()
    await double?.close()
  })

  it('is, while it goes on, its transaction in the session storage and the database of this page', async () => {
    const state = await tab.run<string>('return (await app.client.start()).state')
    const where = await finds(tab, [state])
    expect(where.toSorted()).toEqual(['IndexedDB', 'sessionStorage', 'storage'])
  })

  it('is, when it is over, the tokens in the database, and nothing of the transaction', async () => {
    await double.signIn(tab)
    await tab.run('await app.client.userInfo()')
    const [tokens, transaction] = [await finds(tab, double.tokens), await finds(tab, double.secrets)]
    expect(double.secrets.length).toBe(3)
    expect(tokens.toSorted()).toEqual(['IndexedDB, unsealed', 'fetch'])
    expect(transaction.filter((place) => place !== 'fetch' && !remembered.includes(place))).toEqual([])
  })

  it('is nothing that the history, or a server that is asked later, gets to see', async () => {
    double.referrers.forEach((referrer) => expect(new URL(referrer || 'http://none/').search).toBe(''))
    const report = `await fetch('/report', { method: 'POST', body: '{}' })`
    await tab.run(report)
    const asked = await eventually(async () => double.reports.at(-1) as { readonly referrer: string } | undefined)
    expect(new URL(asked.referrer).search).toBe('')
    await tab.goto('about:blank')
    await tab.back()
    await ready(tab)
    await becomes(tab, 'signed-in')
    expect(await tab.run('return location.search + location.hash')).toBe('')
  })

  it('is nothing in the console and the address, also when it fails', async () => {
    const failed = inPage(async () => {
      const { url, state } = await app.client.start()
      const query = new URLSearchParams({
        code: 'a-code-that-is-long-enough-to-be-found',
        state,
        iss: 'http://evil.example',
      })
      history.replaceState(undefined, '', `/callback?${query}`)
      const code = await app.codeOf(app.client.handleRedirectCallback())
      return [code, location.search, url.searchParams.get('state')]
    })
    const [code, search, state] = await tab.run<[string, string, string]>(failed)
    expect([code, search]).toEqual(['issuer_mismatch', ''])
    const where = await finds(tab, [state, 'a-code-that-is-long-enough-to-be-found'])
    expect(
      where.filter((place) => ['console', 'address', 'document', 'localStorage', 'cookies'].includes(place)),
    ).toEqual([])
    expect(await tab.run('return app.uncaught')).toEqual([])
  })
})
