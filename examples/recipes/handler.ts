// One handler for the server, for whatever routes requests to it.

import process from 'node:process'
import { clientSecretBasic } from 'latchkey'
import { oidc } from 'latchkey/providers/oidc'
import { fileStore } from 'latchkey/stores/file'
import { createWorkerHandler } from 'latchkey/worker'
import type { WorkerHandler } from 'latchkey/worker'

export const handle: WorkerHandler = createWorkerHandler({
  publicUrl: 'https://app.example.com',
  provider: oidc({ issuer: 'https://id.example.com', scopes: ['openid', 'offline_access'] }),
  clientId: 'app',
  clientAuth: clientSecretBasic(process.env['CLIENT_SECRET'] ?? ''),
  cookieSecret: process.env['COOKIE_SECRET'] ?? '',
  store: fileStore({ path: '/var/lib/app/tokens.json' }), // several servers share a Redis: latchkey/stores/redis
  proxy: [{ from: '/api', to: 'https://api.example.com', methods: ['GET', 'POST'], paths: ['/v1/**'] }],
})
