import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'

import { build } from 'esbuild'
import { createAuthorizationServer } from 'latchkey/testing'
import { listen } from 'latchkey/testing/node'
import { Miniflare } from 'miniflare'
import { chatApi } from './chat-api.ts'

/** The example, running on this machine. */
export interface Example {
  readonly url: string
  close(): Promise<void>
}

/** Who signs people in, and the API behind: all that differs between here and there. */
export interface Servers {
  readonly issuer: string
  readonly api: string
  readonly clientId: string
  readonly clientSecret: string
}

const users = [
  { sub: 'ada', name: 'Ada Lovelace' },
  { sub: 'grace', name: 'Grace Hopper' },
]

/** Starts the built-in server with a chat API beside it, and the Worker in front of both. */
export async function startExample(): Promise<Example> {
  const client = { clientId: 'chat', clientSecret: random() }
  const registered = {
    ...client,
    authMethod: 'client_secret_basic',
    redirectUris: ['http://127.0.0.1/auth/callback'],
  } as const
  const running = await listen((issuer) => {
    const server = createAuthorizationServer({ issuer, clients: [registered], users })
    const chat = chatApi(async (authorization) => {
      const seen = await server.fetch(`${server.apiUrl}/echo`, { headers: { authorization } })
      return seen.ok ? undefined : seen
    })
    return {
      fetch: async (input, init) => {
        const request = new Request(input, init)
        return new URL(request.url).pathname === '/v1/chat' ? chat(request) : server.fetch(request)
      },
    }
  })
  const worker = await startWorker({ issuer: running.origin, api: running.origin, ...client })
  return {
    url: worker.url,
    async close() {
      await worker.close()
      await running.close()
    },
  }
}

/** Runs the Worker as Cloudflare would, with what wrangler.jsonc names. */
export async function startWorker({ issuer, api, clientId, clientSecret }: Servers): Promise<Example> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const miniflare = new Miniflare({
    host: '127.0.0.1',
    port,
    cf: false,
    modules: true,
    script: await bundle(),
    compatibilityDate: '2026-07-30',
    assets: {
      directory: here('public'),
      routerConfig: { has_user_worker: true, static_routing: { user_worker: ['/auth/*', '/api/*'] } },
    },
    durableObjects: { VAULT: { className: 'TokenVault', useSQLite: true } },
    kvNamespaces: ['KV'],
    bindings: {
      PUBLIC_URL: url,
      ISSUER: issuer,
      API: api,
      CLIENT_ID: clientId,
      CLIENT_SECRET: clientSecret,
      COOKIE_SECRET: random(),
      VAULT_KEY: random(),
    },
  })
  await miniflare.ready
  return { url, close: () => miniflare.dispose() }
}

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [here('src/worker.ts')],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    external: ['cloudflare:workers'],
    write: false,
  })
  return outputFiles[0]?.text ?? ''
}

/** The one that Workers usually have here, else any. Known before anything starts, as cookies and redirects name it. */
async function freePort(): Promise<number> {
  for (const port of [8787, 0]) {
    const server = createServer()
    const taken = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(true))
      server.listen(port, '127.0.0.1', () => resolve(false))
    })
    if (taken) continue
    const { port: free } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    return free
  }
  throw new Error('No port is free.')
}

function here(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url))
}

function random(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url')
}
