import { clientSecretBasic } from 'latchkey'
import { oidc } from 'latchkey/providers/oidc'
import { durableObjectStore } from 'latchkey/stores/durable-object'
import type { VaultNamespace } from 'latchkey/stores/durable-object'
import { createWorkerHandler } from 'latchkey/worker'
import type { WorkerHandler } from 'latchkey/worker'

export { TokenVault } from 'latchkey/stores/durable-object'

interface Env {
  readonly CLIENT_SECRET: string
  readonly COOKIE_SECRET: string
  readonly VAULT_KEY: string
  readonly VAULT: VaultNamespace
}

let handler: WorkerHandler | undefined

export const worker = {
  fetch(request: Request, env: Env, context: { waitUntil(work: Promise<unknown>): void }): Promise<Response> {
    handler ??= createWorkerHandler({
      publicUrl: 'https://app.example.com',
      provider: oidc({ issuer: 'https://id.example.com' }),
      clientId: 'worker',
      clientAuth: clientSecretBasic(env.CLIENT_SECRET),
      cookieSecret: env.COOKIE_SECRET,
      store: durableObjectStore(env.VAULT, { key: env.VAULT_KEY }),
      proxy: [{ from: '/api', to: 'https://api.example.com', methods: ['GET', 'POST'], paths: ['/v1/*'] }],
    })
    return handler(request, context)
  },
}
