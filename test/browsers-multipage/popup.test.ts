import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { App } from './app.ts'
import { type Browser, eventually, type Tab } from './browser.ts'
import { type Double, startDouble } from './double.ts'
import { engines } from './engines.ts'
import { becomes, inPage, ready } from './in-page.ts'
import { startWebKit } from '../runtimes/open-webkit.ts'

declare const app: App

/** A sign-in page that cuts its window off from the one that opened it, and goes on when it is told to. */
function severingPage(request: Request): Response | undefined {
  const url = new URL(request.url)
  if (url.pathname !== '/authorize' || url.searchParams.has('go')) return undefined
  url.searchParams.set('go', 'on')
  const body = `<!doctype html><title>a person is asked</title><a id="go" href="${url.href.replaceAll('&', '&amp;')}">go on</a>`
  return new Response(body, {
    headers: { 'content-type': 'text/html', 'cross-origin-opener-policy': 'same-origin' },
  })
}

// WebKitGTK's driver gets no windows from a page that it drives; below nobody drives it.
describe.each(engines.filter(({ name }) => name !== 'webkit'))(
  'a sign-in by popup, at a server that severs the opener, in $name',
  ({ open }) => {
    let browser: Browser
    let double: Double
    let tab: Tab

    beforeAll(async () => {
      double = await startDouble({ before: severingPage })
      browser = await open()
    })
    beforeEach(async () => {
      await Promise.all((tab === undefined ? [] : [tab]).map((old) => old.close()))
      tab = await double.open(browser)
      await tab.run('await app.client.signOut(); app.outcomes.length = 0')
      // While a person is in the other window. Browsers that are driven pretend that every page has the focus.
      await tab.run('document.hasFocus = () => false')
    })
    afterAll(async () => {
      await browser?.close()
      await double?.close()
    })

    /** The window that a click has opened, where the person is asked. */
    async function opened(): Promise<Tab> {
      const known = new Set((await browser.tabs()).map(({ id }) => id))
      await tab.click('#popup')
      return eventually(async () => {
        for (const other of await browser.tabs()) {
          if (known.has(other.id)) continue
          if (await other.run(`return document.querySelector('#go') !== null`).catch(() => false)) return other
        }
        return undefined
      }, 20_000)
    }

    const outcome = (ms: number): Promise<unknown> => eventually(() => tab.run('return app.outcomes[0]'), ms)

    it('completes although nobody can speak to the window', async () => {
      const asking = await opened()
      await asking.run(`document.querySelector('#go').click()`)
      expect(await outcome(10_000)).toMatchObject({ appState: { from: 'popup' }, saved: true })
      expect(await becomes(tab, 'signed-in')).toMatchObject({ subject: 'ada' })
      expect(await tab.run('return app.uncaught')).toEqual([])
    })

    it('says that the window was closed, within a few seconds', async () => {
      const asking = await opened()
      await asking.close()
      await tab.run('document.hasFocus = () => true')
      const began = performance.now()
      expect(await outcome(20_000)).toBe('popup_closed')
      expect(performance.now() - began).toBeLessThan(8000)
      expect(await tab.run('return sessionStorage.length')).toBe(0)
    })

    it('is not impressed by what others say, and completes all the same', async () => {
      const asking = await opened()
      const forged = inPage(async () => {
        const href = `${location.origin}/popup?code=forged&state=forged`
        const message = { type: 'latchkey:callback', href }
        postMessage(message, location.origin)
        const frame = document.createElement('iframe')
        frame.srcdoc = `<script>parent.postMessage(${JSON.stringify(message)}, '*')</` + 'script>'
        frame.sandbox.add('allow-scripts')
        document.body.append(frame)
        for (const name of ['latchkey:popup:', 'latchkey:popup:forged']) new BroadcastChannel(name).postMessage(message)
        await new Promise((resolve) => setTimeout(resolve, 500))
        return app.outcomes
      })
      expect(await tab.run(forged)).toEqual([])
      await asking.run(`document.querySelector('#go').click()`)
      expect(await outcome(10_000)).toMatchObject({ appState: { from: 'popup' } })
    })

    it('tells the window that nobody is waiting, when the page that opened it is gone', async () => {
      const asking = await opened()
      await tab.goto('about:blank')
      await asking.run(`document.querySelector('#go').click()`)
      const said = eventually(() => asking.run('return globalThis.app.outcomes[0]'), 10_000)
      expect(await said).toBe('transaction_missing')
      expect(await asking.run('return location.search')).toBe('')
      await asking.close()
      await tab.goto(double.origin)
      await ready(tab)
    })
  },
)

describe.each(engines.filter(({ name }) => name === 'webkit'))(
  'a sign-in by popup, at a server that severs the opener, in $name that nobody drives',
  () => {
    /** What a page that clicks by itself reports, when the sign-in page does this after a while. */
    async function reported(deed: string, ...args: readonly string[]): Promise<unknown> {
      const before = (request: Request): Response | undefined => {
        const url = new URL(request.url)
        if (url.pathname !== '/authorize' || url.searchParams.has('go')) return undefined
        url.searchParams.set('go', 'on')
        const script = `const next = ${JSON.stringify(url.href)}; setTimeout(() => ${deed}, 500)`
        const headers = { 'content-type': 'text/html', 'cross-origin-opener-policy': 'same-origin' }
        return new Response(`<!doctype html><title>a person is asked</title><script>${script}</script>`, { headers })
      }
      const double = await startDouble({ before })
      const webkit = await startWebKit('MiniBrowser', ['--private', ...args, `${double.origin}/#click`])
      const [report] = await eventually(async () => (double.reports.length > 0 ? double.reports : undefined), 30_000)
      await webkit.close()
      await double.close()
      return report
    }
    // Nobody clicks there.
    const open = '--javascript-can-open-windows-automatically=true'

    it('completes although nobody can speak to the window', async () => {
      const outcome = { appState: { from: 'popup' }, saved: true }
      expect(await reported('location.replace(next)', open)).toMatchObject({ outcome, status: 'signed-in' })
    })

    it('says that the window was closed', async () => {
      expect(await reported('close()', open)).toMatchObject({ outcome: 'popup_closed', status: 'signed-out' })
    })

    it('says that no window was opened', async () => {
      expect(await reported('close()')).toMatchObject({ outcome: 'popup_blocked' })
    })
  },
)
