import { cookieSeal } from './cookie-seal.ts'
import type { CookieSeal } from './cookie-seal.ts'
import { writeCookie } from './cookies.ts'
import { freshMap } from './fresh-map.ts'
import type { Visit } from './visit.ts'
import type { WorkerConfig } from './worker-config.ts'

/** Whose session a request belongs to. */
export interface Session {
  /** The account slot. */
  readonly account: string
  /** Until when, in milliseconds since the epoch; absent for sessions of the application's own. */
  readonly expiresAt?: number
}

/** The sessions, as browsers hold them. */
export interface Sessions {
  readonly seal: CookieSeal
  /** Who asks, if we know them: at once, where nobody need be waited for. */
  read(visit: Visit): Session | undefined | Promise<Session | undefined>
  /** Gives the browser a session, in the place of any other. */
  begin(visit: Visit, session: Required<Session>): Promise<void>
  /** Takes the session from the browser. */
  end(visit: Visit): void
}

/** How long a decrypted session is remembered, in milliseconds: so long a secret that was withdrawn still opens it. */
const freshFor = 300_000

/**
 * Makes the sessions. A cookie holds the random name of an account slot, encrypted, and nothing else:
 * no token, and nobody's name.
 *
 * @see {@link https://datatracker.ietf.org/doc/html/draft-ietf-oauth-browser-based-apps#section-6.1.3.2 OAuth 2.0 for Browser-Based Applications, section 6.1.3.2}
 */
export function openSessions(config: WorkerConfig): Sessions {
  const { clock, timeout } = config.client
  const known = freshMap<Required<Session>>({ clock, freshFor })
  const name = cookieName(config, '')
  const rules = { name, sameSite: 'Strict', secure: isSecure(config) } as const
  const seal = cookieSeal({
    secret: config.cookieSecret,
    deployment: [config.origin, config.basePath, config.client.provider.id],
    clock,
    timeout,
  })

  const current = (session: Required<Session> | undefined): Session | undefined =>
    session !== undefined && session.expiresAt > clock.now() ? session : undefined

  async function opened(text: string): Promise<Session | undefined> {
    const session = readSession(await seal.open('session', text))
    if (session !== undefined && current(session) !== undefined) known.set(text, session)
    return current(session)
  }

  function own(visit: Visit): ReturnType<Sessions['read']> {
    const text = visit.cookies().get(name)
    if (text === undefined) return undefined
    const remembered = known.get(text)
    return remembered === undefined ? opened(text) : current(remembered)
  }

  return {
    seal,
    read(visit) {
      if (config.authenticate === undefined) return own(visit)
      const account = config.authenticate(visit.request)
      return typeof account === 'object' ? later(account) : named(account)
    },
    async begin(visit, session) {
      const text = await seal.seal('session', session)
      visit.setCookies.set(name, writeCookie(rules, text, session.expiresAt - clock.now()))
    },
    end(visit) {
      if (config.authenticate !== undefined) return
      known.delete(visit.cookies().get(name) ?? '')
      visit.setCookies.set(name, writeCookie(rules, '', 0))
    },
  }
}

/** Named after the handler, so that several can share an origin. `__Host-` keeps subdomains from setting it. */
export function cookieName(config: Pick<WorkerConfig, 'origin' | 'basePath'>, suffix: string): string {
  return `${isSecure(config) ? '__Host-' : ''}latchkey${config.basePath.replaceAll('/', '.')}${suffix}`
}

export function isSecure({ origin }: Pick<WorkerConfig, 'origin'>): boolean {
  return origin.startsWith('https:')
}

/** A session of the application's own. */
function named(account: string | undefined): Session | undefined {
  return typeof account === 'string' && account !== '' ? { account } : undefined
}

async function later(account: Promise<string | undefined>): Promise<Session | undefined> {
  return named(await account)
}

function readSession(members: Readonly<Record<string, unknown>> | undefined): Required<Session> | undefined {
  const { account, expiresAt } = members ?? {}
  return typeof account === 'string' && typeof expiresAt === 'number' ? { account, expiresAt } : undefined
}
