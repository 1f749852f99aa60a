import { Miniflare } from 'miniflare'
import { bundleNeutral } from '../runtimes/bundle-neutral.ts'
import { cookieName } from '../../src/worker/sessions.ts'
import { deploymentSeal, publicUrl } from './edge-deployment.ts'

/** Workers side by side in one workerd, each in an isolate of its own. */
export interface EdgeWorkers {
  readonly handler: URL
  readonly bare: URL
  readonly hono: URL
  readonly decode: URL
  /** Signs people in, and gives the names of their accounts. */
  signIn(count: number): Promise<readonly string[]>
  close(): Promise<void>
}

const scripts = {
  handler: 'test/bench/edge-handler-worker.ts',
  bare: 'test/edge/bare-worker.ts',
  hono: 'test/bench/edge-hono-worker.ts',
  decode: 'test/bench/edge-decode-worker.ts',
} as const

export async function startEdgeWorkers(upstream: string): Promise<EdgeWorkers> {
  const workers = await Promise.all(
    Object.entries(scripts).map(async ([name, path]) => ({
      name,
      script: await bundleNeutral({ entryPoints: [path] }),
      modules: true as const,
      compatibilityDate: '2026-07-30',
      bindings: { UPSTREAM: upstream },
      unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
      ...(name === 'handler' && { durableObjects: { VAULT: { className: 'TokenVault', useSQLite: true } } }),
    })),
  )
  const miniflare = new Miniflare({ cf: false, workers } as ConstructorParameters<typeof Miniflare>[0])
  const [handler, bare, hono, decode] = await Promise.all(
    (['handler', 'bare', 'hono', 'decode'] as const).map((name) => miniflare.unsafeGetDirectURL(name)),
  )
  if (handler === undefined || bare === undefined || hono === undefined || decode === undefined) {
    throw new Error('A Worker has no address.')
  }
  return {
    handler,
    bare,
    hono,
    decode,
    signIn: (count) => signIn(handler, count),
    close: () => miniflare.dispose(),
  }
}

let people = 0

async function signIn(handler: URL, count: number): Promise<readonly string[]> {
  const accounts = Array.from({ length: count }, () => `account${people++}`)
  for (let from = 0; from < count; from += 100) {
    const body = JSON.stringify(accounts.slice(from, from + 100))
    const ask = (): Promise<Response> => fetch(new URL('/door/sign-in', handler), { method: 'POST', body })
    // workerd hangs up on connections that have been quiet, at times just when one is used again.
    const answer = await ask().catch(ask)
    if (!answer.ok) throw new Error(`Nobody could be signed in: ${await answer.text()}`)
    await answer.text()
  }
  return accounts
}

const seal = deploymentSeal()

/** A cookie for an account. No two are alike. */
export async function sessionCookie(account: string): Promise<string> {
  const text = await seal.seal('session', { account, expiresAt: Date.now() + 36_000_000 })
  return `${cookieName({ origin: publicUrl, basePath: '/auth' }, '')}=${text}`
}
