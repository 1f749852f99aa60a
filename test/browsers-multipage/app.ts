// The application under test: a page with a client, which the tests drive from outside.

import { completePopup, createBrowserClient } from '../../src/browser/index.ts'
import type { BrowserClient, BrowserClientOptions } from '../../src/browser/index.ts'
import { createVaultClient } from '../../src/browser/vault.ts'
import type { AnyWorker, VaultClient, VaultClientOptions } from '../../src/browser/vault.ts'
import type { Clock } from '../../src/contracts.ts'
import { realClock } from '../../src/core/index.ts'
import type { ClientEvent } from '../../src/index.ts'
import { oidc } from '../../src/providers/oidc.ts'
import { indexedDBStore } from '../../src/stores/indexeddb.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import type { PageSettings } from './serve-app.ts'

/** What the tests reach for. */
export interface App {
  readonly client: BrowserClient
  readonly events: (ClientEvent | { readonly type: 'vault-missing' })[]
  /** What the clicks on the page's buttons came to. */
  readonly outcomes: unknown[]
  /** What nobody caught. */
  readonly uncaught: string[]
  /** How far this page's clock is ahead, in milliseconds. */
  ahead: number
  make(more?: Partial<BrowserClientOptions>): BrowserClient
  makeVaulted(more?: Partial<VaultClientOptions>): VaultClient
  completePopup(): Promise<unknown>
  codeOf(work: Promise<unknown>): Promise<unknown>
}

const settings = JSON.parse(document.querySelector('#settings')?.textContent ?? '{}') as PageSettings
const events: App['events'] = []
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

function makeVaulted(more: Partial<VaultClientOptions> = {}): VaultClient {
  return createVaultClient({
    worker,
    redirectUri: `${location.origin}/callback`,
    onEvent: (event) => events.push(event),
    ...more,
  })
}

function worker(): AnyWorker | Promise<AnyWorker> {
  const { issuer, clientId, api, vault } = settings
  const script = `/vault.js?${new URLSearchParams({ issuer, clientId, api })}`
  if (vault === 'shared') return new SharedWorker(script)
  return vault === 'dedicated' ? new Worker(script) : serviceWorker(script)
}

async function serviceWorker(script: string): Promise<AnyWorker> {
  await navigator.serviceWorker.register(script)
  const { active } = await navigator.serviceWorker.ready
  if (active === null) throw new Error('There is no service worker.')
  return active
}

/** Keeps what a click came to, and tells the server that served this page. */
function report(outcome: unknown): void {
  outcomes.push(outcome)
  void fetch('/report', { method: 'POST', body: JSON.stringify({ outcome, ...app.client?.getSnapshot() }) })
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
  makeVaulted,
  codeOf,
  completePopup: () => codeOf(completePopup()),
}

// The page where a window ends makes no client of its own.
const made = (): BrowserClient => (settings.vault === undefined ? make() : (makeVaulted() as BrowserClient))
const client = location.pathname === '/popup' ? undefined : made()
app.client = client
Object.assign(globalThis, { app })

document.querySelector('#popup')?.addEventListener('click', () => {
  const wishes = { via: 'popup', redirectUri: `${location.origin}/popup`, appState: { from: 'popup' } } as const
  if (client !== undefined) void codeOf(client.signIn(wishes)).then(report)
})
if (location.pathname === '/popup') void codeOf(completePopup()).then((outcome) => outcomes.push(outcome))
// Where nobody can click, the page does it itself.
if (location.hash === '#click') document.querySelector<HTMLElement>('#popup')?.click()
