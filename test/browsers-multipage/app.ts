// The application under test: a page with a client, which the tests drive from outside.

import { completePopup, createBrowserClient } from '../../src/browser/index.ts'
import type { BrowserClient, BrowserClientOptions } from '../../src/browser/index.ts'
import type { Clock } from '../../src/contracts.ts'
import { realClock } from '../../src/core/index.ts'
import type { ClientEvent } from '../../src/index.ts'
import { oidc } from '../../src/providers/oidc.ts'
import { indexedDBStore } from '../../src/stores/indexeddb.ts'
import { memoryStore } from '../../src/stores/memory.ts'

/** What the server that serves this page puts into it. */
interface Settings {
  readonly issuer: string
  readonly clientId: string
  readonly api: string
}

/** What the tests reach for. */
export interface App {
  readonly client: BrowserClient
  readonly events: ClientEvent[]
  /** What the clicks on the page's buttons came to. */
  readonly outcomes: unknown[]
  /** What nobody caught. */
  readonly uncaught: string[]
  /** How far this page's clock is ahead, in milliseconds. */
  ahead: number
  make(more?: Partial<BrowserClientOptions>): BrowserClient
  completePopup(): Promise<unknown>
  codeOf(work: Promise<unknown>): Promise<unknown>
}

const settings = JSON.parse(document.querySelector('#settings')?.textContent ?? '{}') as Settings
const events: ClientEvent[] = []
const outcomes: unknown[] = []
const uncaught: string[] = []
const clock: Clock = { now: () => Date.now() + app.ahead, sleep: (ms, signal) => realClock.sleep(ms, signal) }
addEventListener('unhandledrejection', ({ reason }) => uncaught.push(String(reason)))
addEventListener('error', ({ message }) => uncaught.push(message))

function make(more: Partial<BrowserClientOptions> = {}): BrowserClient {
  return createBrowserClient({
    provider: oidc({
      issuer: settings.issuer,
      scopes: ['openid', 'offline_access'],
      authorizationParams: { prompt: 'consent' },
    }),
    clientId: settings.clientId,
    redirectUri: `${location.origin}/callback`,
    apiOrigins: [new URL(settings.api).origin],
    allowInsecureLoopback: true,
    store: location.hash === '#memory' ? memoryStore() : indexedDBStore(),
    clock,
    onEvent: (event) => events.push(event),
    ...more,
  })
}

/** The code of the failure, or what the work resolved with. */
function codeOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    (value) => value ?? 'nothing',
    (error: { readonly code?: string; readonly detail?: unknown }) => error.code ?? String(error),
  )
}

const app: Omit<App, 'client'> & { client?: BrowserClient | undefined } = {
  events,
  outcomes,
  uncaught,
  ahead: 0,
  make,
  codeOf,
  completePopup: () => codeOf(completePopup()),
}

// The page where a window ends makes no client of its own.
const client = location.pathname === '/popup' ? undefined : make()
app.client = client
Object.assign(globalThis, { app })

document.querySelector('#popup')?.addEventListener('click', () => {
  const wishes = { via: 'popup', redirectUri: `${location.origin}/popup`, appState: { from: 'popup' } } as const
  if (client !== undefined) void codeOf(client.signIn(wishes)).then((outcome) => outcomes.push(outcome))
})
if (location.pathname === '/popup') void codeOf(completePopup()).then((outcome) => outcomes.push(outcome))
