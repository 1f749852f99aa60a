import { serveVault } from 'latchkey/browser/vault'
import { oidc } from 'latchkey/providers/oidc'

/** Put in by `dev.ts`. */
declare const ISSUER: string
declare const API: string

// All that a script of the page could want to change is here, where it cannot reach.
serveVault({
  provider: oidc({ issuer: ISSUER, scopes: ['openid', 'profile', 'offline_access', 'read'] }),
  clientId: 'spa',
  redirectUri: `${location.origin}/vault`,
  apiOrigins: [new URL(API).origin],
  allowInsecureLoopback: true,
})
