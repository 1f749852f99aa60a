import { type AuthorizationServer, createAuthorizationServer, type RotationPolicy } from '../../src/testing/index.ts'
import { type Listening, listen } from '../../src/testing/listen.node.ts'
import { type Browser, eventually, type Tab } from './browser.ts'
import { becomes, ready } from './in-page.ts'
import { type PageSettings, serveApp } from './serve-app.ts'

/** The application, and a server of ours on another origin that says yes to everybody. */
export interface Double {
  readonly server: AuthorizationServer
  readonly origin: string
  /** What pages have reported that nobody drives. */
  readonly reports: readonly unknown[]
  /** Every token that it has given away. */
  readonly tokens: readonly string[]
  /** Every state, code and verifier that it was sent. */
  readonly secrets: readonly string[]
  /** From where it was asked, as the browser says. */
  readonly referrers: ReadonlySet<string>
  /** How often a refresh token was presented. */
  refreshes(): number
  /** A page of the application. */
  open(browser: Browser): Promise<Tab>
  /** Signs somebody in, by redirect. */
  signIn(tab: Tab): Promise<void>
  /** A page of the application where somebody has signed in. */
  signedIn(browser: Browser): Promise<Tab>
  close(): Promise<void>
}

const clients = [{ clientId: 'app', redirectUris: ['http://127.0.0.1/callback', 'http://127.0.0.1/popup'] }]

/** What is special about the server. */
export interface DoubleOptions {
  readonly rotation?: RotationPolicy
  /** May answer in the server's place. */
  readonly before?: (request: Request) => Response | undefined
  /** What is special about the page. */
  readonly page?: Pick<PageSettings, 'vault' | 'script'>
}

/** Starts both. */
export async function startDouble({
  rotation = 'strict',
  before = () => undefined,
  page = {},
}: DoubleOptions = {}): Promise<Double> {
  let running: AuthorizationServer | undefined
  const tokens: string[] = []
  const secrets: string[] = []
  const referrers = new Set<string>()
  const reports: unknown[] = []
  const authorization: Listening<{ readonly fetch: AuthorizationServer['fetch'] }> = await listen((origin) => {
    const server = createAuthorizationServer({ issuer: origin, autoApprove: true, clients, rotation })
    running = server
    return {
      fetch: async (input, init) => {
        const request = new Request(input, init)
        referrers.add(request.headers.get('referer') ?? '')
        await overhear(secrets, request)
        return before(request) ?? remember(tokens, await server.fetch(request))
      },
    }
  })
  if (running === undefined) throw new Error('There is no server.')
  const server = running
  const app = await serveApp({ issuer: server.issuer, clientId: 'app', api: server.apiUrl, ...page }, (report) =>
    reports.push(report),
  )

  const open = async (browser: Browser): Promise<Tab> => {
    const tab = await browser.newTab(app.origin)
    await ready(tab)
    return tab
  }
  return {
    server,
    origin: app.origin,
    tokens,
    secrets,
    referrers,
    reports,
    refreshes: () => server.history.count({ endpoint: 'token', grant: 'refresh_token' }),
    open,
    signIn,
    async signedIn(browser) {
      const tab = await open(browser)
      await signIn(tab)
      return tab
    },
    async close() {
      await app.close()
      await authorization.close()
    },
  }
}

async function signIn(tab: Tab): Promise<void> {
  await tab.run('void app.client.signIn()')
  await eventually(() =>
    tab.run(`return new URLSearchParams(location.search).has('code') && globalThis.app ? true : undefined`),
  )
  await tab.run('await app.client.handleRedirectCallback()')
  await becomes(tab, 'signed-in')
}

async function overhear(secrets: string[], request: Request): Promise<void> {
  const isForm = request.headers.get('content-type')?.includes('form') === true
  const form = isForm ? new URLSearchParams(await request.clone().text()) : new URL(request.url).searchParams
  for (const name of ['state', 'code', 'code_verifier']) secrets.push(...form.getAll(name))
}

async function remember(tokens: string[], response: Response): Promise<Response> {
  const isJson = response.headers.get('content-type')?.includes('json') === true
  const body = isJson ? ((await response.clone().json()) as Readonly<Record<string, unknown>>) : {}
  for (const name of ['access_token', 'refresh_token', 'id_token']) {
    const token = body[name]
    if (typeof token === 'string') tokens.push(token)
  }
  return response
}
