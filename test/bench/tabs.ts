import type { Page } from 'playwright'
import { evaluate, startPages } from './bench-pages.ts'
import type { BenchPages, PagesApi } from './bench-pages.ts'
import type { BenchPart, BenchRow, Budget } from './part.ts'
import { spreadOf } from './spread.ts'
import type { TabResult } from './tabs-page.ts'

/** How long the server takes to think, in milliseconds. */
const answering = 20

/** All tabs of a browser find one token ended at the same moment: from then until the last of them has the new one. */
export const tabs: BenchPart = async ({ short }) => {
  const server = tokenServer()
  const pages = await startPages('tabs-page.ts', { api: server.api })
  try {
    const first = await pages.open()
    await evaluate(first, 'signIn()')
    const bare: number[] = []
    const rows: BenchRow[] = []
    const budgets: Budget[] = []
    const open: Page[] = [first]
    for (const count of short ? [2, 10] : [2, 10, 50]) {
      await openTabs(pages, open, count)
      const measured = await rounds(open, short ? 10 : 30, server)
      bare.push(...measured.bare)
      const name = `the last of ${count} tabs has the new token`
      rows.push({ name, took: spreadOf(measured.took), ratio: spreadOf(measured.ratios) })
      budgets.push(once(count, measured.requests))
    }
    return [
      {
        title: `A refresh round of tabs, Chromium ${pages.version}`,
        unit: 'ms',
        reference: 'a bare token request',
        rows: [{ name: 'a bare token request of one tab', took: spreadOf(bare) }, ...rows],
        budgets,
        notes: [`The server answers after ${answering} ms. Tokens lie in IndexedDB; tabs agree by a Web Lock.`],
      },
    ]
  } finally {
    await pages.close()
  }
}

interface TokenServer {
  readonly api: PagesApi
  /** How many requests there were since the last time that somebody asked. */
  asked(): number
}

function tokenServer(): TokenServer {
  let requests = 0
  let issued = 0
  return {
    api(request, response) {
      requests++
      request.resume().on('end', () => {
        const body = {
          access_token: `a${++issued}`,
          refresh_token: `r${issued}`,
          token_type: 'Bearer',
          expires_in: 3600,
        }
        setTimeout(() => {
          response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' })
          response.end(JSON.stringify(body))
        }, answering)
      })
    },
    asked() {
      const before = requests
      requests = 0
      return before
    },
  }
}

async function openTabs(pages: BenchPages, open: Page[], count: number): Promise<void> {
  // A tab that opens after some rounds does not know how late it is: the token lies in its future.
  while (open.length < count) open.push(await pages.open())
  for (const tab of open) await tab.reload().then(() => tab.waitForFunction('globalThis.ready'))
  await evaluate(open[0] as Page, 'signIn()')
  await Promise.all(open.map((tab) => evaluate(tab, 'load()')))
}

interface Measured {
  readonly bare: number[]
  readonly took: number[]
  readonly ratios: number[]
  readonly requests: number[]
}

async function rounds(open: readonly Page[], times: number, server: TokenServer): Promise<Measured> {
  const [first] = open as readonly [Page, ...Page[]]
  const measured: Measured = { bare: [], took: [], ratios: [], requests: [] }
  for (let time = 0; time < times; time++) {
    const bare = await evaluate<number>(first, 'bare()')
    server.asked()
    const waiting = open.map((tab) => evaluate<TabResult>(tab, 'round()', 60))
    // All of them listen once each has said something after it was asked to.
    await Promise.all(open.map((tab) => evaluate(tab, '0')))
    const began = await evaluate<number>(first, 'begin()')
    const results = await Promise.all(waiting)
    const took = Math.max(...results.map(({ at }) => at)) - began
    if (new Set(results.map(({ token }) => token)).size !== 1) throw new Error('Tabs hold different tokens.')
    measured.bare.push(bare)
    measured.took.push(took)
    measured.ratios.push(took / bare)
    measured.requests.push(server.asked())
  }
  return measured
}

function once(count: number, requests: readonly number[]): Budget {
  const most = Math.max(...requests)
  return {
    what: `one token request for ${count} tabs`,
    measured: `${most} at most, in ${requests.length} rounds`,
    holds: most === 1,
  }
}
