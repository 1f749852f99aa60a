import type { Clock, Fetch, Provider } from '../../src/contracts.ts'
import { createNodeClient } from '../../src/node/node-client.ts'
import type { NodeClient, NodeClientOptions } from '../../src/node/node-client.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { createProviderServer } from '../../src/testing/index.ts'
import type { ProviderServer, ProviderServerOptions } from '../../src/testing/index.ts'
import { listen } from '../../src/testing/listen.node.ts'

/** One request as it arrived, over real HTTP. */
export interface Arrived {
  readonly method: string
  readonly path: string
  readonly type: string
  readonly headers: Headers
  readonly body: string
  /** The fields of its JSON or form body. */
  readonly fields: Readonly<Record<string, unknown>>
}

/** A provider's double behind a real socket, and a client that signs in with it. */
export interface ProviderRig {
  readonly origin: string
  readonly server: ProviderServer
  readonly arrived: Arrived[]
  client(row: Provider, options?: Partial<NodeClientOptions>): NodeClient
  /** The requests that arrived at `path`, which are then forgotten. */
  at(path: string): Arrived[]
  close(): Promise<void>
}

export async function providerRig(options: ProviderServerOptions): Promise<ProviderRig> {
  const arrived: Arrived[] = []
  const running = await listen((origin) => {
    const server = createProviderServer({ ...options, issuer: origin })
    return { fetch: recording(server.fetch, arrived), server }
  })
  const { origin, server: listener } = running
  const { server } = listener
  return {
    origin,
    server,
    arrived,
    client: (row, more) =>
      createNodeClient({
        provider: server.relocate(row),
        store: memoryStore(),
        allowInsecureLoopback: true,
        ...more,
      }),
    at(path) {
      const found = arrived.filter((one) => one.path === path)
      arrived.splice(0, arrived.length, ...arrived.filter((one) => one.path !== path))
      return found
    },
    close: () => running.close(),
  }
}

function recording(fetch: Fetch, arrived: Arrived[]): Fetch {
  return async (input, init) => {
    const request = new Request(input, init)
    const body = request.method === 'POST' ? await request.clone().text() : ''
    const type = request.headers.get('content-type')?.split(';')[0] ?? ''
    const fields: Readonly<Record<string, unknown>> =
      type === 'application/json' ? JSON.parse(body) : Object.fromEntries(new URLSearchParams(body))
    const { pathname } = new URL(request.url)
    arrived.push({ method: request.method, path: pathname, type, headers: request.headers, body, fields })
    return fetch(request)
  }
}

/** Signs in as a person with a browser, and gives the address they visited. */
export async function signIn(rig: ProviderRig, client: NodeClient, redirectUri: string): Promise<URL> {
  const { url } = await client.start({ redirectUri })
  await client.finish(await rig.server.approve(url))
  return url
}

/** The server's clock, on which the pause between two polls passes at once and no limit is ever reached. */
export function pollClock(server: ProviderServer): Clock {
  return {
    now: () => server.clock.now(),
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted === true) return resolve()
        signal?.addEventListener('abort', () => resolve(), { once: true })
        if (ms > 10_000) return
        server.clock.advance(ms)
        setTimeout(resolve, 20)
      }),
  }
}
