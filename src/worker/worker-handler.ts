import { isOAuthError } from '../errors.ts'
import { jsonAnswer, toResponse } from './answer.ts'
import type { Answer } from './answer.ts'
import { isPreflight, preflightHeaders } from './cross-origin.ts'
import { openDesk } from './desk.ts'
import type { Desk } from './desk.ts'
import { codeOf, failureAnswer } from './failure-answer.ts'
import type { FailureCode } from './failure-answer.ts'
import { isForged } from './forgery.ts'
import type { Approach } from './forgery.ts'
import type { ProxyMatch } from './proxy.ts'
import { refreshDue } from './refresh-due.ts'
import { returning, returnTarget } from './return-target.ts'
import { giveToken, logout, requireSession, showSession } from './session-routes.ts'
import type { Session } from './sessions.ts'
import { callback, login, showPaste, takePaste } from './sign-in-routes.ts'
import { openVisit, wantsPage } from './visit.ts'
import type { Visit } from './visit.ts'
import { readWorkerOptions } from './worker-config.ts'
import type { WorkerConfig } from './worker-config.ts'
import type { WorkerContext, WorkerHandler, WorkerHandlerOptions } from './worker-options.ts'

/**
 * Creates a server in front of an API: it signs people in, keeps their tokens, and adds them on the way to the API.
 * The browser holds an encrypted cookie, and in mode `bff` never a token. Make one for the whole server; it does no
 * I/O until it is asked. Runs wherever requests are answered: Workers, Deno, Bun, Node servers.
 *
 * Below `basePath`: `GET login?returnTo=/path` (a link), `GET callback`, `GET|POST paste` (where the provider only
 * shows what is to be copied), `GET session`, `POST logout`, and in mode `token-mediating` `GET token`; besides, what
 * `proxy` names. Anything else is 404. Scripts send `latchkey-csrf: 1` with each request.
 *
 * Errors become answers: `{ "error": code }` for scripts, a page for people. Errors thrown here: `config`, and
 * `TypeError` for what a compiler would have refused.
 *
 * @example
 * ```ts
 * const handle = createWorkerHandler({
 *   publicUrl: 'https://app.example.com',
 *   provider: oidc({ issuer: 'https://id.example.com', scopes: ['openid', 'offline_access'] }),
 *   clientId: 'app',
 *   clientAuth: clientSecretBasic(env.CLIENT_SECRET),
 *   cookieSecret: env.COOKIE_SECRET,
 *   store: durableObjectStore(env.VAULT),
 *   proxy: [{ from: '/api', to: 'https://api.example.com', methods: ['GET', 'POST'], paths: ['/v1/**'] }],
 * })
 * export default { fetch: (request, _env, context) => handle(request, context) }
 * ```
 *
 * @see {@link https://datatracker.ietf.org/doc/html/draft-ietf-oauth-browser-based-apps#section-6.1 OAuth 2.0 for Browser-Based Applications, section 6.1}
 */
export function createWorkerHandler(options: WorkerHandlerOptions): WorkerHandler {
  const { answer, desk } = openWorkerHandler(options)
  const handle = async (request: Request, context?: WorkerContext): Promise<Response> => {
    const answered = await answer(request, context)
    return answered instanceof Response ? answered : toResponse(answered)
  }
  return Object.assign(handle, {
    refreshDue: (due: Parameters<WorkerHandler['refreshDue']>[0]) => refreshDue(desk, due),
  })
}

/** A handler before its answers become responses, some headers of which only servers can see. */
export interface OpenedWorkerHandler {
  readonly desk: Desk
  answer(request: Request, context?: WorkerContext): Promise<Answer | Response>
}

export function openWorkerHandler(options: WorkerHandlerOptions): OpenedWorkerHandler {
  const desk = openDesk(readWorkerOptions(options))
  return {
    desk,
    async answer(request, context) {
      const visit = openVisit(request, context)
      let answered: Answer | Response
      try {
        answered = await route(desk, visit)
      } catch (error) {
        answered = failed(desk, visit, error)
      }
      // What comes of the proxy is complete already.
      return answered instanceof Response ? answered : completed(desk.config, visit, answered)
    },
  }
}

interface Route {
  readonly approach: Approach
  readonly answer: (desk: Desk, visit: Visit) => Promise<Answer>
}

const routes: Readonly<Record<string, Readonly<Record<string, Route>>>> = {
  '/login': { GET: { approach: 'navigation', answer: login } },
  '/callback': { GET: { approach: 'navigation', answer: callback } },
  '/paste': { GET: { approach: 'navigation', answer: showPaste }, POST: { approach: 'form', answer: takePaste } },
  '/session': { GET: { approach: 'script', answer: showSession } },
  '/token': { GET: { approach: 'script', answer: giveToken } },
  '/logout': { POST: { approach: 'script', answer: logout } },
}

type Routed = Answer | Response | Promise<Answer | Response>

function route(desk: Desk, visit: Visit): Routed {
  const { config } = desk
  const { method, target } = visit
  if (isPreflight(visit)) return preflight(config, visit)
  const { path } = target
  if (path === '') return jsonAnswer(400, { error: 'path_malformed' })
  if (!path.startsWith(`${config.basePath}/`)) return forward(desk, visit)
  const methods = routesOf(config, path.slice(config.basePath.length))
  if (methods === undefined) return refused(desk, visit, 'not_found')
  const found = Object.hasOwn(methods, method) ? methods[method] : undefined
  if (found === undefined) return withAllow(refused(desk, visit, 'method_not_allowed'), Object.keys(methods))
  return isForged(found.approach, visit, config) ? refused(desk, visit, 'forbidden') : found.answer(desk, visit)
}

function routesOf({ mode, hosted }: WorkerConfig, path: string): Readonly<Record<string, Route>> | undefined {
  const absent = (path === '/token' && mode === 'bff') || path === (hosted ? '/callback' : '/paste')
  return absent ? undefined : routes[path]
}

function forward(desk: Desk, visit: Visit): Routed {
  const { proxy } = desk.config
  const match = proxy.match(visit.request, visit)
  if (match === undefined) return refused(desk, visit, 'not_found')
  if (match instanceof Response) return match
  if (isForged('proxied', visit, desk.config)) return refused(desk, visit, 'forbidden')
  const session = desk.sessions.read(visit)
  if (session instanceof Promise) return session.then((read) => forwardFor(desk, visit, match, read))
  return forwardFor(desk, visit, match, session)
}

function forwardFor(
  desk: Desk,
  visit: Visit,
  match: ProxyMatch,
  session: Session | undefined,
): Promise<Answer | Response> {
  const send = session && desk.clients.ready(session.account, visit.keep)
  if (send !== undefined) return desk.config.proxy.forward(match, { send })
  return forwardLater(desk, visit, match, session)
}

/** Where the store has to be asked before it is known with which token. */
async function forwardLater(
  desk: Desk,
  visit: Visit,
  match: ProxyMatch,
  session: Session | undefined,
): Promise<Answer | Response> {
  const found = await requireSession(desk, visit, session)
  return desk.clients.lend(found, visit, (send) => desk.config.proxy.forward(match, { send }))
}

function preflight({ allowedOrigins }: WorkerConfig, { request }: Visit): Answer {
  const listed = allowedOrigins.has(request.headers.get('origin') ?? '')
  return listed ? { status: 204, headers: preflightHeaders(request) } : { status: 403, headers: new Headers() }
}

function withAllow(answer: Answer, methods: readonly string[]): Answer {
  answer.headers.set('allow', methods.join(', '))
  return answer
}

function refused({ config }: Desk, visit: Visit, code: FailureCode): Answer {
  const { path, search } = visit.target
  const login = returning(`${config.basePath}/login`, returnTarget(path + search, config))
  return failureAnswer(code, { page: wantsPage(visit), login })
}

function failed(desk: Desk, visit: Visit, error: unknown): Answer {
  const code = codeOf(error)
  if (!isOrdinary(error)) {
    if (!visit.request.signal.aborted) desk.config.onError(error)
    if (code === 'sign_in_required') desk.sessions.end(visit)
  }
  return refused(desk, visit, code)
}

/** That nobody is signed in is no failure. */
function isOrdinary(error: unknown): boolean {
  return isOAuthError(error) && error.code === 'sign_in_required' && error.detail.reason === 'absent'
}

function completed({ common }: WorkerConfig, { request, setCookies }: Visit, answered: Answer): Answer {
  const { headers } = answered
  for (const [name, value] of Object.entries(common(request))) {
    // A page that holds a form has a policy of its own.
    if (name !== 'referrer-policy' || !headers.has(name)) headers.set(name, value)
  }
  for (const line of setCookies.values()) headers.append('set-cookie', line)
  return answered
}
