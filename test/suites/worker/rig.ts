import { clientSecretBasic, memoryStore } from '../../../src/index.ts'
import type { ClientEvent, Fetch, Store } from '../../../src/index.ts'
import { oidc } from '../../../src/providers/oidc.ts'
import { createAuthorizationServer, manualClock } from '../../../src/testing/index.ts'
import type {
  Approval,
  AuthorizationServer,
  AuthorizationServerOptions,
  TestClock,
} from '../../../src/testing/index.ts'
import { openWorkerHandler } from '../../../src/worker/worker-handler.ts'
import type { OpenedWorkerHandler } from '../../../src/worker/worker-handler.ts'
import type { WorkerHandlerOptions } from '../../../src/worker/worker-options.ts'
import { openBrowser } from './browser.ts'
import type { Browser, Reply } from './browser.ts'

export const origin = 'https://app.example.com'
export const cookieSecret = 'a secret of thirty-two characters'
export const clientSecret = 'the-secret-of-the-client'
export const hour = 3_600_000

/** A server in front of an API, what stands behind it, and the people before it. */
export interface WorkerRig {
  readonly clock: TestClock
  readonly server: AuthorizationServer
  readonly handler: OpenedWorkerHandler
  readonly options: WorkerHandlerOptions
  readonly store: Store
  readonly errors: unknown[]
  readonly events: ClientEvent[]
  readonly replies: Reply[]
  browser(handler?: OpenedWorkerHandler): Browser
  /** Another handler of the same server, as another isolate would have. */
  another(options?: Partial<WorkerHandlerOptions>): OpenedWorkerHandler
  signIn(browser: Browser, approval?: Approval): Promise<Reply>
  tokenCalls(): number
  apiCalls(): number
}

export interface WorkerRigOptions {
  readonly server?: AuthorizationServerOptions
  readonly options?: Partial<WorkerHandlerOptions>
  readonly between?: (server: Fetch) => Fetch
}

export function workerRig({ server: behaviour, options: more, between }: WorkerRigOptions = {}): WorkerRig {
  const clock = manualClock()
  const server = createAuthorizationServer({ clock, clients: [registered], ...behaviour })
  const errors: unknown[] = []
  const events: ClientEvent[] = []
  const replies: Reply[] = []
  const store = more?.store ?? memoryStore()
  const options: WorkerHandlerOptions = {
    publicUrl: origin,
    provider: oidc({ issuer: server.issuer, scopes: ['openid', 'profile', 'offline_access', 'read'] }),
    clientId: 'app',
    clientAuth: clientSecretBasic(clientSecret),
    cookieSecret,
    store,
    proxy: [{ from: '/api', to: server.apiUrl, methods: ['GET', 'POST'], paths: ['/echo', '/stream'] }],
    fetch: between?.(server.fetch) ?? server.fetch,
    clock,
    onError: (error) => errors.push(error),
    onEvent: (event) => events.push(event),
    ...more,
  }
  const another = (others: Partial<WorkerHandlerOptions> = {}): OpenedWorkerHandler =>
    openWorkerHandler({ ...options, ...others })
  const handler = another()
  const from = { origin: options.publicUrl, now: clock.now, onReply: (reply: Reply) => void replies.push(reply) }
  return {
    clock,
    server,
    handler,
    options,
    store,
    errors,
    events,
    replies,
    another,
    browser: (whose = handler) => openBrowser({ ...from, handler: whose }),
    async signIn(browser, approval) {
      const away = await browser.go('/auth/login')
      return browser.go(await server.approve(away.location ?? '', approval), 'other')
    },
    tokenCalls: () => server.history.count({ endpoint: 'token' }),
    apiCalls: () => server.history.count({ endpoint: 'api' }),
  }
}

const registered = {
  clientId: 'app',
  clientSecret,
  authMethod: 'client_secret_basic',
  redirectUris: [`${origin}/auth/callback`, 'http://localhost:8787/auth/callback'],
} as const

/** The one cookie of a browser whose name begins so. */
export function cookieOf(browser: Browser, prefix: string): { readonly name: string; readonly value: string } {
  const [found, ...others] = [...browser.jar].filter(([name]) => name.startsWith(prefix))
  if (found === undefined || others.length > 0)
    throw new Error(`There are ${others.length + (found ? 1 : 0)} cookies ${prefix}.`)
  return { name: found[0], value: found[1].value }
}

export const sessionCookie = '__Host-latchkey.auth'
export const signInCookie = '__Host-latchkey.auth.signin.'
