import { type CDPSession, chromium, type Page } from 'playwright'
import { chromiumOptions } from '../runtimes/chromium-options.ts'
import type { Browser, Tab } from './browser.ts'

export async function openChromium(): Promise<Browser> {
  const browser = await chromium.launch({
    ...chromiumOptions(),
    // Playwright switches the back/forward cache off.
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  })
  const context = await browser.newContext()
  return {
    newTab: async (url) => {
      const page = await context.newPage()
      await page.goto(url)
      return tabOf(page)
    },
    tabs: async () => context.pages().map(tabOf),
    close: () => browser.close(),
  }
}

const names = new WeakMap<Page, string>()
const sessions = new WeakMap<Page, CDPSession>()
let count = 0

function tabOf(page: Page): Tab {
  const id = names.get(page) ?? `${count++}`
  names.set(page, id)
  return {
    id,
    goto: async (url) => void (await page.goto(url)),
    back: async () => void (await page.goBack({ waitUntil: 'commit' })),
    run: (body) => page.evaluate(`(async () => { ${body} })()`),
    click: (selector) => page.click(selector),
    close: () => page.close(),
    freeze: async (frozen) => {
      // The page's life cycle can be set, but a page that is driven counts as seen, and is not frozen by that.
      const session = sessions.get(page) ?? (await page.context().newCDPSession(page))
      sessions.set(page, session)
      if (frozen) {
        await session.send('Debugger.enable')
        await session.send('Debugger.pause')
      } else await session.send('Debugger.disable')
    },
  }
}
