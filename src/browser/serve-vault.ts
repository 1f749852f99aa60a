import { openVault } from './vault-server.ts'
import type { VaultEvent, VaultOptions } from './vault-server.ts'

/** What we use of a worker, whichever kind it is. */
interface WorkerScope {
  addEventListener(type: string, listener: (event: WorkerEvent) => void): void
}

interface WorkerEvent extends VaultEvent {
  /** A service worker's: until then it is not to be ended. */
  waitUntil?(work: Promise<unknown>): void
}

/**
 * Makes this worker a vault: it signs in, refreshes and calls APIs for its pages, and the tokens never leave it.
 * To be called while the worker's script is first run; it is the whole of such a script.
 *
 * A shared worker is the best kind: one session for all tabs, which ends with the last of them, or with the reload
 * of an only one. In Chromium `new SharedWorker(url, { extendedLifetime: true })` outlives that. A dedicated worker
 * is one tab's, and its session ends with a reload. A service worker is ended by the browser whenever it is idle,
 * and the session with it; and it may load nothing later, so that its script must be one file. Nothing can keep a
 * session longer, for whatever a worker stores its pages can read.
 *
 * A script that has got into the page cannot read a token, but can call the APIs through the vault for as long as
 * it is there. It can also begin a sign-in of its own: a server that asks nothing would answer it. Do not list
 * an origin that repeats what it is sent.
 *
 * Errors: `config`, and `TypeError` in a page, and for what a compiler would have refused.
 *
 * @example
 * ```ts
 * // vault.ts
 * serveVault({
 *   provider: oidc({ issuer: 'https://id.example.com' }),
 *   clientId: 'spa',
 *   redirectUri: `${location.origin}/callback`,
 *   apiOrigins: ['https://api.example.com'],
 * })
 * ```
 *
 * @see {@link https://datatracker.ietf.org/doc/html/draft-ietf-oauth-browser-based-apps#section-8.2 OAuth 2.0 for Browser-Based Applications, section 8.2}
 */
export function serveVault(options: VaultOptions): void {
  if ('document' in globalThis) throw new TypeError('serveVault belongs into a worker, where no script of a page runs.')
  const hear = openVault(options)
  const scope = globalThis as unknown as WorkerScope
  scope.addEventListener('message', (event) => {
    const work = hear(event)
    event.waitUntil?.(work)
  })
  scope.addEventListener('connect', ({ ports: [port] }) => {
    if (port !== undefined) port.onmessage = (event) => void hear(event)
  })
}
