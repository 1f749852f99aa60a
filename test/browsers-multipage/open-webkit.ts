import { findProgram } from '../runtimes/find-program.ts'
import { startWebKit } from '../runtimes/open-webkit.ts'
import { type Browser, eventually, type Tab } from './browser.ts'

/** Opens WebKitGTK's own small browser and speaks WebDriver with it (https://www.w3.org/TR/webdriver2/). */
export async function openWebKit(): Promise<Browser> {
  const browser = findProgram('MiniBrowser')
  const port = 20_000 + (process.pid % 20_000)
  const driver = await startWebKit('WebKitWebDriver', ['-p', `${port}`])
  const root = asker(`http://127.0.0.1:${port}`)
  await eventually(() => root('GET', '/status'))
  const { sessionId } = await root<{ sessionId: string }>('POST', '/session', {
    capabilities: {
      alwaysMatch: {
        browserName: 'MiniBrowser',
        'webkitgtk:browserOptions': { binary: browser, args: ['--automation'] },
      },
    },
  })
  const ask = asker(`http://127.0.0.1:${port}/session/${sessionId}`)
  await ask('POST', '/timeouts', { script: 30_000, pageLoad: 30_000 })
  const first = tabOf(ask, await ask<string>('GET', '/window'))
  return {
    newTab: async (url) => {
      const { handle } = await first.open()
      const tab = tabOf(ask, handle)
      await tab.goto(url)
      return tab
    },
    tabs: async () => (await ask<string[]>('GET', '/window/handles')).map((handle) => tabOf(ask, handle)),
    close: async () => {
      await ask('DELETE', '').catch(() => undefined)
      await driver.close()
    },
  }
}

type Ask = <T>(method: string, path: string, body?: object) => Promise<T>

/** There is one current window for all commands, so they go one after the other. */
let line: Promise<unknown> = Promise.resolve()

function tabOf(ask: Ask, handle: string): Tab & { open(): Promise<{ readonly handle: string }> } {
  const here = <T>(...command: Parameters<Ask>): Promise<T> => {
    const turn = line.then(async () => {
      await ask('POST', '/window', { handle })
      return ask<T>(...command)
    })
    line = turn.catch(() => undefined)
    return turn
  }
  return {
    id: handle,
    goto: (url) => here('POST', '/url', { url }),
    back: () => here('POST', '/back', {}),
    run: async <T>(body: string): Promise<T> => {
      const script = `const done = arguments[0]; (async () => { ${body} })().then((v) => done({ v }), (e) => done({ e: String(e) }))`
      const answer = await here<{ v?: T | null; e?: string }>('POST', '/execute/async', { script, args: [] })
      if (answer.e !== undefined) throw new Error(answer.e)
      return (answer.v ?? undefined) as T
    },
    click: async (selector) => {
      const element = await here<Record<string, string>>('POST', '/element', { using: 'css selector', value: selector })
      await here('POST', `/element/${Object.values(element)[0]}/click`, {})
    },
    close: () => here('DELETE', '/window'),
    // The driver opens a window from one that is there, and the current one may have been closed.
    open: () => here('POST', '/window/new', { type: 'tab' }),
  }
}

function asker(base: string): Ask {
  return async <T>(method: string, path: string, body?: object): Promise<T> => {
    const response = await fetch(base + path, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(60_000),
    })
    const { value } = (await response.json()) as { value: T }
    if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(value).slice(0, 300)}`)
    return value
  }
}
