// One client for the page: every component uses this one.

import { createBrowserClient } from 'latchkey/browser'
import type { BrowserClient } from 'latchkey/browser'
import { oidc } from 'latchkey/providers/oidc'

export const client: BrowserClient = createBrowserClient({
  provider: oidc({ issuer: 'https://id.example.com' }),
  clientId: 'spa',
  redirectUri: 'https://app.example.com/callback',
  apiOrigins: ['https://api.example.com'],
})
