import { Miniflare } from 'miniflare'
import { createClient, memoryStore } from '../../src/index.ts'
import { oidc } from '../../src/providers/oidc.ts'
import { type AuthorizationServer, createAuthorizationServer } from '../../src/testing/index.ts'
import { listen } from '../../src/testing/listen.node.ts'
import { bundleNeutral } from '../runtimes/bundle-neutral.ts'
import { type Upstream, startUpstream } from './upstream.ts'

/** How workerd shall run the Worker. */
export interface EdgeVariant {
  readonly compatibilityDate: string
  readonly nodeCompat: boolean
}

/** The newest date that miniflare's workerd supports. */
const newest = '2026-07-30'

/** The oldest and the newest, without and with Node's names. */
export const variants: readonly EdgeVariant[] = [
  { compatibilityDate: '2024-01-01', nodeCompat: false },
  { compatibilityDate: '2024-01-01', nodeCompat: true },
  { compatibilityDate: newest, nodeCompat: false },
  { compatibilityDate: newest, nodeCompat: true },
]

export const usual: EdgeVariant = { compatibilityDate: newest, nodeCompat: false }

/** Workers in a real workerd, each an isolate of its own, in front of a real upstream and a real issuer. */
export interface Edge {
  /** Addresses of the Worker's isolates, without anything in between. */
  readonly urls: readonly URL[]
  readonly bare: URL
  readonly upstream: Upstream
  readonly elsewhere: Upstream
  readonly server: AuthorizationServer
  /** The tokens that were put into the store. None of their texts may leave. */
  readonly secrets: readonly string[]
  /** Knocks at a door of the test's. */
  ask(
    door: string,
    options?: { readonly isolate?: number; readonly query?: string; readonly body?: string },
  ): Promise<Asked>
  close(): Promise<void>
}

export interface Asked {
  readonly gives?: unknown
  readonly code?: string
  readonly message?: string
}

/** Starts everything, and signs account `one` in. */
export async function startEdge(variant: EdgeVariant, isolates = 1): Promise<Edge> {
  const [upstream, elsewhere, running] = await Promise.all([
    startUpstream(),
    startUpstream(),
    listen((origin) => createAuthorizationServer({ issuer: origin, rotation: 'strict' })),
  ])
  const vars = { ISSUER: running.origin, UPSTREAM: upstream.origin, ELSEWHERE: elsewhere.origin }
  const miniflare = await startWorkers(variant, vars, isolates)
  const names = Array.from({ length: isolates }, (_, index) => `edge${index}`)
  const urls = await Promise.all(names.map((name) => miniflare.unsafeGetDirectURL(name)))
  const bare = await miniflare.unsafeGetDirectURL('bare')

  const ask: Edge['ask'] = async (door, { isolate = 0, query = '', body = '' } = {}) => {
    const request = new Request(new URL(`/door/${door}?${query}`, urls[isolate]), { method: 'POST', body })
    // workerd hangs up on connections that have been quiet, at times just when one is used again.
    const response = await fetch(request.clone()).catch(() => fetch(request))
    return (await response.json()) as Asked
  }
  const { server } = running
  const secrets = await signIn(server, ask)
  const close = async (): Promise<void> => {
    await miniflare.dispose()
    await Promise.all([upstream.close(), elsewhere.close(), running.close()])
  }
  return { urls, bare, upstream, elsewhere, server, secrets, ask, close }
}

async function startWorkers(
  { compatibilityDate, nodeCompat }: EdgeVariant,
  bindings: Record<string, string>,
  isolates: number,
): Promise<Miniflare> {
  const [edge, bare] = await Promise.all([bundled('edge-worker.ts'), bundled('bare-worker.ts')])
  const common = {
    modules: true as const,
    compatibilityDate,
    ...(nodeCompat && { compatibilityFlags: ['nodejs_compat'] }),
    bindings,
    unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
  }
  const worker = (name: string): object => ({
    ...common,
    name,
    script: edge,
    kvNamespaces: { KV: 'kv' },
    durableObjects: {
      VAULT: { className: 'TokenVault', useSQLite: true, scriptName: 'edge0' },
      HOLDER: { className: 'Holder', useSQLite: true, scriptName: 'edge0' },
    },
  })
  const names = Array.from({ length: isolates }, (_, index) => `edge${index}`)
  return new Miniflare({
    cf: false,
    // Crashes that a test orders are told at length.
    handleRuntimeStdio: (stdout: NodeJS.ReadableStream, stderr: NodeJS.ReadableStream) =>
      void [stdout.resume(), stderr.resume()],
    workers: [...names.map(worker), { ...common, name: 'bare', script: bare }],
  } as ConstructorParameters<typeof Miniflare>[0])
}

function bundled(name: string): Promise<string> {
  return bundleNeutral({ entryPoints: [`test/edge/${name}`] })
}

/** The accounts that are signed in, and the store that each lies in. */
export const accounts = { one: '', sealed: 'sealed', kv: 'kv' } as const

/** Signs in here, and puts what came into the Worker's stores. */
async function signIn(server: AuthorizationServer, ask: Edge['ask']): Promise<readonly string[]> {
  const secrets: string[] = []
  for (const [account, kind] of Object.entries(accounts)) {
    const store = memoryStore()
    const client = createClient({
      provider: oidc({ id: 'example', issuer: server.issuer, scopes: ['openid', 'offline_access'] }),
      clientId: 'app',
      redirectUri: 'http://127.0.0.1/callback',
      fetch: server.fetch,
      allowInsecureLoopback: true,
      account,
      store,
    })
    const { url } = await client.start()
    await client.finish(await server.approve(url))
    const record = await store.get(`example@${account}`)
    const said = await ask('record', { query: `store=${kind}&account=${account}`, body: JSON.stringify(record) })
    if (said.message !== undefined) throw new Error(said.message)
    const { accessToken = '', refreshToken = '' } = record?.tokens ?? {}
    secrets.push(accessToken, refreshToken)
  }
  return secrets
}
