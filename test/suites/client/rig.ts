import { createClient } from '../../../src/index.ts'
import type { Client, ClientEvent, ClientOptions, Fetch } from '../../../src/index.ts'
import { oidc } from '../../../src/providers/oidc.ts'
import { createAuthorizationServer, manualClock } from '../../../src/testing/index.ts'
import type { AuthorizationServer, AuthorizationServerOptions, TestClock } from '../../../src/testing/index.ts'

export const redirectUri = 'https://app.example.com/callback'

/** A client and a server that share one clock, which stands still until it is moved. */
export interface Rig {
  readonly clock: TestClock
  readonly server: AuthorizationServer
  readonly client: Client
  readonly events: ClientEvent[]
  readonly api: string
  /** Another client of the same application, as another tab or process would be. */
  another(options?: Partial<ClientOptions>): Client
  signIn(client?: Client): Promise<void>
  refreshes(): number
}

export interface RigOptions {
  readonly server?: AuthorizationServerOptions
  readonly client?: Partial<ClientOptions>
  /** What stands between the client and the server. */
  readonly between?: (server: Fetch) => Fetch
}

export function rig(options: RigOptions = {}): Rig {
  const clock = manualClock()
  const server = createAuthorizationServer({ clock, ...options.server })
  const events: ClientEvent[] = []
  const another = (more: Partial<ClientOptions> = {}): Client =>
    createClient({
      provider: oidc({ issuer: server.issuer, scopes: ['openid', 'profile', 'offline_access', 'read'] }),
      clientId: 'app',
      redirectUri,
      apiOrigins: [new URL(server.apiUrl).origin],
      fetch: options.between?.(server.fetch) ?? server.fetch,
      clock,
      onEvent: (event) => events.push(event),
      ...options.client,
      ...more,
    })
  const client = another()
  return {
    clock,
    server,
    client,
    events,
    api: `${server.apiUrl}/echo`,
    another,
    async signIn(who = client) {
      const { url } = await who.start()
      await who.finish(await server.approve(url))
    },
    refreshes: () => server.history.count({ endpoint: 'token', grant: 'refresh_token' }),
  }
}

export const hour = 3_600_000

/** A turn of the event loop: everything that waits for nothing else has happened then. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5))
}

/** Rejects when `work` takes longer than two seconds: a deadlock would take for ever. */
export function watched<T>(work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const dog = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('It took longer than two seconds.')), 2000)
  })
  return Promise.race([work, dog]).finally(() => clearTimeout(timer))
}
