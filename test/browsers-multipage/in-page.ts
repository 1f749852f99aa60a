import type { App } from './app.ts'
import { eventually, type Tab } from './browser.ts'

declare const app: App

/** What a page knows of its session. */
export interface Status {
  readonly status: string
  readonly subject?: string
}

/** The text of a function, to be run in a page. It can reach nothing but what the page has. */
export function inPage(body: () => unknown): string {
  return `return (${body})()`
}

/** Waits until the page's own script has run. */
export function ready(tab: Tab): Promise<unknown> {
  return eventually(() => tab.run('return globalThis.app === undefined ? undefined : true'), 20_000)
}

const statusOf = inPage((): Status => {
  const { status, account } = app.client.getSnapshot()
  return { status, ...(account?.subject !== undefined && { subject: account.subject }) }
})

/** Waits until the page has this status. */
export function becomes(tab: Tab, status: string): Promise<Status> {
  return eventually(async () => {
    const found = await tab.run<Status>(statusOf)
    return found.status === status ? found : undefined
  }, 5000)
}

/** Where a script of the page finds one of these, also a piece of one: see `spy.ts`. */
export function finds(tab: Tab, secrets: readonly string[]): Promise<readonly string[]> {
  const pieces = secrets.map((secret) => secret.slice(-24, -4))
  return tab.run(`return globalThis.searchFor(${JSON.stringify(pieces)})`)
}
