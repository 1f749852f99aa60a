import process from 'node:process'

import { clientSecretBasic } from 'latchkey'
import { oidc } from 'latchkey/providers/oidc'
import { encryptedStore } from 'latchkey/stores/encrypted'
import { fileStore } from 'latchkey/stores/file'
import { createWorkerHandler } from 'latchkey/worker'
import type { WorkerHandler } from 'latchkey/worker'

/** The same handler as in the Worker, for a server of your own: one file keeps the tokens; several servers share a Redis. */
export const handle: WorkerHandler = createWorkerHandler({
  publicUrl: setting('PUBLIC_URL'),
  provider: oidc({ issuer: setting('ISSUER'), scopes: ['openid', 'profile', 'offline_access'] }),
  clientId: setting('CLIENT_ID'),
  clientAuth: clientSecretBasic(setting('CLIENT_SECRET')),
  cookieSecret: setting('COOKIE_SECRET'),
  store: encryptedStore(fileStore({ path: setting('TOKENS') }), { key: setting('VAULT_KEY') }),
  proxy: [{ from: '/api', to: setting('API'), methods: ['POST'], paths: ['/v1/chat'] }],
  allowInsecureLoopback: true,
  onError: (error) => console.error(error),
})

/** Where to listen. */
export const port = Number(setting('PORT'))

function setting(name: string): string {
  const value = process.env[name]
  if (value === undefined) throw new Error(`Set ${name}.`)
  return value
}
