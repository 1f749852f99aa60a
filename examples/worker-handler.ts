import { clientSecretBasic } from 'latchkey'
import { oidc } from 'latchkey/providers/oidc'
import { durableObjectStore } from 'latchkey/stores/durable-object'
import type { VaultNamespace } from 'latchkey/stores/durable-object'
import { createWorkerHandler } from 'latchkey/worker'
import type { WorkerContext, WorkerHandler } from 'latchkey/worker'

export { TokenVault } from 'latchkey/stores/durable-object'

let handle: WorkerHandler | undefined // one for the isolate

export default {
  fetch(request: Request, env: { VAULT: VaultNamespace } & Record<string, string>, context: WorkerContext) {
    handle ??= createWorkerHandler({
      publicUrl: 'https://app.example.com',
      provider: oidc({ issuer: 'https://id.example.com', scopes: ['openid', 'offline_access'] }),
      clientId: 'app',
      clientAuth: clientSecretBasic(env['CLIENT_SECRET'] ?? ''),
      cookieSecret: env['COOKIE_SECRET'] ?? '',
      store: durableObjectStore(env.VAULT),
      proxy: [{ from: '/api', to: 'https://api.example.com', methods: ['GET', 'POST'], paths: ['/v1/**'] }],
    })
    return handle(request, context)
  },
}
