// The worker of the application under test: the whole of it.

import { serveVault } from '../../src/browser/vault.ts'
import { oidc } from '../../src/providers/oidc.ts'

const settings = new URL(location.href).searchParams
const api = settings.get('api') ?? ''

serveVault({
  provider: oidc({ issuer: settings.get('issuer') ?? '', scopes: ['openid', 'profile', 'offline_access'] }),
  clientId: settings.get('clientId') ?? '',
  redirectUri: `${location.origin}/callback`,
  apiOrigins: [new URL(api).origin],
  allowInsecureLoopback: true,
})
