import { clientSecretBasic } from 'latchkey'
import { oidc } from 'latchkey/providers/oidc'
import { cloudflareKVStore } from 'latchkey/stores/cloudflare-kv'
import type { KVBinding } from 'latchkey/stores/cloudflare-kv'
import type { VaultNamespace } from 'latchkey/stores/durable-object'
import { createWorkerHandler } from 'latchkey/worker'
import type { WorkerContext, WorkerHandler } from 'latchkey/worker'

export { TokenVault } from 'latchkey/stores/durable-object'

/** What wrangler.jsonc names, and the secrets. */
interface Env {
  readonly PUBLIC_URL: string
  readonly ISSUER: string
  readonly CLIENT_ID: string
  readonly CLIENT_SECRET: string
  readonly API: string
  readonly COOKIE_SECRET: string
  readonly VAULT_KEY: string
  readonly VAULT: VaultNamespace
  readonly KV: KVBinding
}

// One for the isolate: it remembers what it has read. It holds data only, nothing of a request.
let handler: WorkerHandler | undefined

function handlerOf(env: Env): WorkerHandler {
  return (handler ??= createWorkerHandler({
    publicUrl: env.PUBLIC_URL,
    provider: oidc({ issuer: env.ISSUER, scopes: ['openid', 'profile', 'offline_access'] }),
    clientId: env.CLIENT_ID,
    clientAuth: clientSecretBasic(env.CLIENT_SECRET),
    cookieSecret: env.COOKIE_SECRET,
    store: cloudflareKVStore(env.KV, { coordinator: env.VAULT, key: env.VAULT_KEY }),
    proxy: [{ from: '/api', to: env.API, methods: ['POST'], paths: ['/v1/chat'] }],
    // For a server on your own machine; `https:` is as strict as ever.
    allowInsecureLoopback: true,
    onError: (error) => console.error(error),
  }))
}

export default {
  fetch: (request: Request, env: Env, context: WorkerContext): Promise<Response> => handlerOf(env)(request, context),
  async scheduled(_event: unknown, env: Env): Promise<void> {
    console.log(await handlerOf(env).refreshDue({ within: 30 * 60_000 }))
  },
}
