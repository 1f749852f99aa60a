import { createBrowserClient } from 'latchkey/browser'
import type { BrowserClient } from 'latchkey/browser'
import { oidc } from 'latchkey/providers/oidc'
import { indexedDBStore } from 'latchkey/stores/indexeddb'
import { log } from './log.ts'

/** Put in by `dev.ts`. */
declare const ISSUER: string
declare const API: string

/** Where the API is. */
export const api: string = API

/** The page that people come back to: each variant of this example has its own. */
const redirectUri = `${location.origin}/${location.pathname.startsWith('/react') ? 'react' : 'callback'}`

/** One client for the page: all of it uses this one. */
export const client: BrowserClient = createBrowserClient({
  provider: oidc({ issuer: ISSUER, scopes: ['openid', 'profile', 'offline_access', 'read'] }),
  clientId: 'spa',
  redirectUri,
  apiOrigins: [new URL(API).origin],
  store: indexedDBStore(),
  allowInsecureLoopback: true,
  onEvent: (event) => log(event.type),
})
