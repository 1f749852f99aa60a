// Our handler as applications use it, behind a cookie, and a door through which the bench signs people in.

import { none } from '../../src/index.ts'
import { oauth2 } from '../../src/providers/oauth2.ts'
import { durableObjectStore } from '../../src/stores/durable-object.ts'
import type { VaultNamespace } from '../../src/stores/durable-object.ts'
import { slotOf } from '../../src/worker/account-key.ts'
import { createWorkerHandler } from '../../src/worker/index.ts'
import type { WorkerContext, WorkerHandler } from '../../src/worker/index.ts'
import { cookieSecret, providerId, publicUrl } from './edge-deployment.ts'
import { cachedTokens } from './stub-client.ts'

export { TokenVault } from '../../src/stores/durable-object.ts'

interface Bindings {
  readonly VAULT: VaultNamespace
  readonly UPSTREAM: string
}

let handler: WorkerHandler | undefined

function handlerOf({ VAULT, UPSTREAM }: Bindings): WorkerHandler {
  const endpoints = { authorization: 'https://id.example.com/authorize', token: 'https://id.example.com/token' }
  handler ??= createWorkerHandler({
    publicUrl,
    provider: oauth2({ id: providerId, endpoints }),
    clientId: 'bench',
    clientAuth: none(),
    allowInsecureLoopback: true,
    cookieSecret,
    store: durableObjectStore(VAULT),
    proxy: [{ from: '/up', to: UPSTREAM, methods: ['GET', 'POST'], paths: ['/**'] }],
  })
  return handler
}

// oxlint-disable-next-line import/no-default-export -- Workers are found by their default export.
export default {
  async fetch(request: Request, env: Bindings, context: WorkerContext): Promise<Response> {
    if (!request.url.endsWith('/door/sign-in')) return handlerOf(env)(request, context)
    const store = durableObjectStore(env.VAULT)
    const accounts = (await request.json()) as readonly string[]
    const tokens = { ...cachedTokens, obtainedAt: Date.now(), expiresAt: Date.now() + 36_000_000 }
    await Promise.all(accounts.map((account) => store.update(slotOf(providerId, account), () => ({ tokens }))))
    return Response.json(accounts.length)
  },
}
