// The Worker under test: the handler as applications use it, and doors for the tests that nothing else has.

import type { StoredRecord } from '../../src/contracts.ts'
import { createClient, none } from '../../src/index.ts'
import { oidc } from '../../src/providers/oidc.ts'
import { cloudflareKVStore, type KVBinding } from '../../src/stores/cloudflare-kv.ts'
import {
  TokenVault as Vault,
  durableObjectStore,
  type VaultContext,
  type VaultNamespace,
} from '../../src/stores/durable-object.ts'
import { createWorkerHandler, type WorkerContext, type WorkerHandler } from '../../src/worker/index.ts'

interface Bindings {
  readonly VAULT: VaultNamespace
  readonly HOLDER: VaultNamespace
  readonly KV: KVBinding
  readonly ISSUER: string
  readonly UPSTREAM: string
  readonly ELSEWHERE: string
}

/** The object, with a way to crash it. */
export class TokenVault extends Vault {
  readonly #abort: () => void

  constructor(ctx: VaultContext & { abort(reason?: string): void }, env: unknown) {
    super(ctx, env)
    this.#abort = () => ctx.abort('by a test')
  }

  override async fetch(request: Request): Promise<Response> {
    if (new URL(request.url).pathname === '/crash') this.#abort()
    return super.fetch(request)
  }
}

/** Somebody who holds a lock, and can be killed. */
export class Holder {
  readonly #env: Bindings
  readonly #abort: () => void

  constructor(ctx: { abort(reason?: string): void }, env: Bindings) {
    this.#env = env
    this.#abort = () => ctx.abort('by a test')
  }

  async fetch(request: Request): Promise<Response> {
    const url = new URL(request.url)
    if (url.pathname === '/crash') this.#abort()
    const { store, key } = opened(this.#env, url)
    await store.lock(key, () => sleep(60_000), { timeout: 10_000 })
    return new Response()
  }
}

const doors: Readonly<Record<string, (env: Bindings, url: URL, body: string) => Promise<unknown>>> = {
  async record(env, url, body) {
    const { store, key } = opened(env, url)
    await store.update(key, () => JSON.parse(body) as StoredRecord)
  },
  async expire(env, url) {
    const { store, key } = opened(env, url)
    await store.update(key, (found) => found && { ...found, tokens: { ...found.tokens, expiresAt: Date.now() - 1000 } })
  },
  async token(env, url) {
    const { store } = opened(env, url)
    const provider = { ...oidc({ id: 'example', issuer: env.ISSUER }), rotation: 'strict' as const }
    const account = url.searchParams.get('account') ?? 'one'
    const client = createClient({ provider, clientId: 'app', account, store, allowInsecureLoopback: true })
    return client.getAccessToken()
  },
  async refused(env) {
    const provider = { ...oidc({ id: 'example', issuer: env.ISSUER }), rotation: 'strict' as const }
    const store = cloudflareKVStore(env.KV)
    createClient({ provider, clientId: 'app', store, allowInsecureLoopback: true })
  },
  async hold(env, url) {
    const { store, key } = opened(env, url)
    const wait = { timeout: Number(url.searchParams.get('timeout') ?? 10_000) }
    await store.lock(key, () => sleep(Number(url.searchParams.get('ms'))), wait)
  },
  async die(env, url) {
    const stub = env.HOLDER.get(env.HOLDER.idFromName('one'))
    void stub.fetch(url.href).catch(() => undefined)
    await sleep(Number(url.searchParams.get('ms')))
    await env.HOLDER.get(env.HOLDER.idFromName('one'))
      .fetch('https://holder/crash')
      .catch(() => undefined)
  },
  async crash(env, url) {
    const name = `latchkey:${opened(env, url).key}`
    await env.VAULT.get(env.VAULT.idFromName(name))
      .fetch('https://vault/crash')
      .catch(() => undefined)
  },
}

function opened(env: Bindings, url: URL): { store: ReturnType<typeof durableObjectStore>; key: string } {
  const kind = url.searchParams.get('store')
  const key = `example@${url.searchParams.get('account') ?? 'one'}`
  if (kind === 'kv') return { store: cloudflareKVStore(env.KV, { coordinator: env.VAULT }), key }
  return { store: durableObjectStore(env.VAULT, kind === 'sealed' ? { key: new Uint8Array(32) } : {}), key }
}

let handler: WorkerHandler | undefined

function handlerOf(env: Bindings): WorkerHandler {
  const below = { methods: ['GET', 'POST', 'PUT'], paths: ['/echo', '/bytes', '/events', '/hang', '/small'] }
  handler ??= createWorkerHandler({
    publicUrl: 'http://localhost:8787',
    provider: { ...oidc({ id: 'example', issuer: env.ISSUER }), rotation: 'strict' },
    clientId: 'app',
    clientAuth: none(),
    allowInsecureLoopback: true,
    cookieSecret: 'a secret for tests that nobody else needs to know',
    store: durableObjectStore(env.VAULT),
    authenticate: () => 'one',
    proxy: [
      { from: '/api', to: `${env.UPSTREAM}/base`, methods: ['GET', 'POST'], paths: ['/v1/messages'] },
      { from: '/api', to: `${env.UPSTREAM}/base`, methods: ['GET'], paths: ['/v1/models', '/v1/models/*'] },
      { from: '/api', to: `${env.UPSTREAM}/base`, methods: ['GET', 'DELETE'], paths: ['/files/**'] },
      { from: '/other', to: env.ELSEWHERE, methods: ['PUT'], paths: ['/exact'] },
      { from: '/up', to: env.UPSTREAM, ...below },
    ],
  })
  return handler
}

// oxlint-disable-next-line import/no-default-export -- Workers are found by their default export.
export default {
  async fetch(request: Request, env: Bindings, context: WorkerContext): Promise<Response> {
    // Doors are the tests' own: what is measured beside a Worker without any should not pay for them.
    if (!request.url.includes('/door/')) return handlerOf(env)(request, context)
    const url = new URL(request.url)
    const door = url.pathname.startsWith('/door/') ? doors[url.pathname.slice('/door/'.length)] : undefined
    if (door === undefined) return handlerOf(env)(request, context)
    try {
      return Response.json({ gives: await door(env, url, await request.text()) })
    } catch (error) {
      const { code, message } = error as { code?: string; message: string }
      return Response.json({ code, message }, { status: 500 })
    }
  },
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}
