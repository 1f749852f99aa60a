import { empty, errorAnswer, json } from './answers.ts'
import type { Call, Context } from './context.ts'
import { withFaults } from './fault-strike.ts'
import type { Strike } from './faults.ts'
import type { HistoryEntry, OpenEntry } from './history.ts'
import type { EndpointName } from './options.ts'
import { redactHeaders, redactParams } from './redaction.ts'
import { refusalPage } from './pages.ts'
import { refusalOf, refuse } from './refusal.ts'
import type { Refusal } from './refusal.ts'
import { readBody, readForm, refuseRepeated } from './request-body.ts'
import { endpointAt, routes } from './router.ts'
import type { Route } from './router.ts'

/** What a request passes through on its way. */
export interface Desk {
  readonly context: Context
  readonly entries: OpenEntry[]
  readonly strike: (entry: HistoryEntry) => Strike
}

const formLimit = 65_536
const uploadLimit = 16 * 1_048_576

/** Answers one request: reads it, writes it down, lets the faults strike, and lets its endpoint work. */
export async function serve(desk: Desk, request: Request): Promise<Response> {
  const { settings } = desk.context
  const url = new URL(request.url)
  if (url.origin !== settings.origin) {
    return json({ error: 'invalid_request', error_description: `This is ${settings.origin}.` }, 421)
  }
  const endpoint = endpointAt(settings, url)
  const route = endpoint === undefined ? undefined : routes[endpoint]
  const cross = settings.cors && route?.page === undefined
  if (cross && request.method === 'OPTIONS' && request.headers.has('access-control-request-method')) {
    return preflight(request)
  }
  const answer = endpoint === undefined ? await unknown(desk, request) : await known(desk, request, endpoint)
  return cross ? readable(answer) : answer
}

async function unknown(desk: Desk, request: Request): Promise<Response> {
  const { entry } = await arrival(desk, request, { endpoint: 'unknown' })
  entry.status = 404
  return empty(404)
}

async function known(desk: Desk, request: Request, endpoint: EndpointName): Promise<Response> {
  const route = routes[endpoint]
  const { entry, call, problem } = await arrival(desk, request, { endpoint, route })
  const strike = desk.strike(entry)
  if (strike.fault !== undefined) entry.fault = true
  const commit = (): Promise<Response> =>
    refusals({ entry, write: route.page === true ? refusalPage : errorAnswer }, () => {
      if (route.methods?.includes(request.method) === false) {
        refuse('invalid_request', 'The method is not allowed.', {
          status: 405,
          headers: { allow: route.methods.join(', ') },
        })
      }
      if (problem !== undefined) throw problem
      if (route.form) refuseRepeated(route.page === true ? withoutChoices(call.params) : call.params)
      return route.answer(desk.context, { ...call, endpoint })
    })
  const answer = await withFaults(strike, { clock: desk.context.clock, signal: request.signal, commit })
  entry.status = answer.status
  return answer
}

interface Arrival {
  readonly entry: OpenEntry
  readonly call: Omit<Call, 'endpoint'>
  /** Why the body could not be read. */
  readonly problem?: unknown
}

async function arrival(
  { context, entries }: Desk,
  request: Request,
  { endpoint, route }: { readonly endpoint: EndpointName | 'unknown'; readonly route?: Route },
): Promise<Arrival> {
  const url = new URL(request.url)
  const at = context.clock.now()
  const body = await bodyOf(request, route).catch((problem: unknown) => ({ problem }))
  const params = 'params' in body ? body.params : url.searchParams
  const grant = endpoint === 'token' ? params.get('grant_type') : null
  const entry: OpenEntry = {
    at,
    endpoint,
    method: request.method,
    path: url.pathname,
    params: await redactParams(params),
    headers: await redactHeaders(request.headers),
    ...(grant !== null && { grant }),
  }
  entries.push(entry)
  const bodyLength = 'bodyLength' in body ? body.bodyLength : 0
  const call = { request, url, params, bodyLength, entry }
  return 'problem' in body ? { entry, call, problem: body.problem } : { entry, call }
}

type Body = { readonly params: URLSearchParams } | { readonly bodyLength: number }

async function bodyOf(request: Request, route: Route | undefined): Promise<Body> {
  if (request.method === 'GET' || request.method === 'HEAD') return { bodyLength: 0 }
  if (route?.form === true) return { params: await readForm(request, { limit: formLimit }) }
  return { bodyLength: (await readBody(request, { limit: uploadLimit })).byteLength }
}

interface RefusalWriter {
  readonly entry: OpenEntry
  readonly write: (refusal: Refusal) => Response
}

async function refusals(
  { entry, write }: RefusalWriter,
  answer: () => Response | Promise<Response>,
): Promise<Response> {
  try {
    return await answer()
  } catch (thrown) {
    const refusal = refusalOf(thrown) ?? {
      status: 500,
      error: 'server_error',
      description: 'The server has a defect, or a hook of `tamper` threw.',
    }
    entry.error = refusal.error
    return write(refusal)
  }
}

/** A page's checkboxes share one name. */
function withoutChoices(params: URLSearchParams): URLSearchParams {
  return params.has('decision') ? new URLSearchParams() : params
}

function preflight(request: Request): Response {
  return empty(204, {
    'access-control-allow-origin': '*',
    'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
    'access-control-allow-headers': request.headers.get('access-control-request-headers') ?? '*',
    'access-control-max-age': '600',
  })
}

function readable(answer: Response): Response {
  const headers = new Headers(answer.headers)
  headers.set('access-control-allow-origin', '*')
  headers.set('access-control-expose-headers', 'DPoP-Nonce, Retry-After, WWW-Authenticate')
  return new Response(answer.body, { status: answer.status, headers })
}
