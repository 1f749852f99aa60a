import { json } from './answers.ts'
import type { HistoryEntry } from './history.ts'
import type { User } from './options.ts'
import type { ProviderShape, TokenFacts } from './provider-shape.ts'
import type { Json } from './tamper.ts'

/** What the token endpoint of a shape works with. */
export interface TokenDesk {
  readonly shape: ProviderShape
  readonly origin: string
  readonly users: readonly User[]
  readonly accountId: string
  /** Answers as the server behind the shape does. */
  readonly behind: (request: Request) => Promise<Response>
  /** What became of the request with this number. */
  readonly entryOf: (number: string) => HistoryEntry | undefined
  readonly now: () => number
  /** Which `state` a code was issued with. */
  readonly stateOf: (code: string) => string | undefined
}

/** The token endpoint as the provider has it: reads its bodies, asks the server behind, and words its answers. */
export async function answerTokenRequest(desk: TokenDesk, request: Request, number: string): Promise<Response> {
  const { shape } = desk
  const form = await readFields(shape, request)
  if (form === undefined) return json({ error: 'invalid_request' }, 400)
  const grant = form.get('grant_type') ?? ''
  const needed = shape.required?.[grant] ?? []
  if (shape.missing !== undefined && needed.some((name) => (form.get(name) ?? '') === '')) {
    return json(shape.missing.body, shape.missing.status)
  }
  const code = form.get('code') ?? ''
  if (needed.includes('state') && form.get('state') !== desk.stateOf(code)) form.set('code', `${code}#unsplit`)
  const refreshToken = form.get('refresh_token')
  if (refreshToken !== null) form.set('refresh_token', shape.read(refreshToken))
  const headers = new Headers(request.headers)
  headers.set('content-type', 'application/x-www-form-urlencoded')
  headers.set('request-id', number)
  const { signal, url } = request
  const answer = await desk.behind(new Request(url, { method: 'POST', headers, body: String(form), signal }))
  return worded(desk, answer, number)
}

/** The fields of a form or, where the shape takes it, of JSON. */
export async function readFields(
  { json: takesJson }: ProviderShape,
  request: Request,
): Promise<URLSearchParams | undefined> {
  const text = await request.text()
  if (request.headers.get('content-type')?.startsWith('application/json') !== true) return new URLSearchParams(text)
  const fields = takesJson ? parsed(text) : undefined
  return fields && new URLSearchParams(Object.entries(fields).map(([name, value]) => [name, String(value)]))
}

async function worded(desk: TokenDesk, answer: Response, number: string): Promise<Response> {
  const text = await answer.text()
  const body = parsed(text)
  const headers = new Headers(answer.headers)
  headers.delete('content-length')
  headers.set('request-id', `req_${number}`)
  const entry = desk.entryOf(number)
  const { error, error_description: description } = body ?? {}
  if (answer.status >= 400 && entry?.fault !== true && typeof error === 'string') {
    const plain = { status: answer.status, error, description: String(description ?? '') }
    const refusal = desk.shape.refusal?.(plain)
    if (refusal !== undefined) return new Response(JSON.stringify(refusal.body), { status: refusal.status, headers })
  }
  const isGrant = answer.ok && typeof body?.['access_token'] === 'string'
  const shown = isGrant ? JSON.stringify(granted(desk, body, entry)) : text
  return new Response(shown, { status: answer.status, headers })
}

function granted(desk: TokenDesk, body: Json, entry: HistoryEntry | undefined): Json {
  const { shape, origin, accountId } = desk
  const user = desk.users.find(({ sub }) => sub === entry?.subject)
  const facts: TokenFacts = {
    kind: 'access',
    subject: user?.sub ?? '',
    email: user?.email ?? '',
    accountId,
    clientId: entry?.clientId ?? '',
    origin,
    ...(typeof body['scope'] === 'string' && { scope: body['scope'] }),
    now: desk.now(),
    expiresIn: Number(body['expires_in'] ?? 0),
  }
  const { access_token: access, refresh_token: refresh } = body
  return {
    ...body,
    access_token: shape.write(String(access), facts),
    ...(typeof refresh === 'string' && { refresh_token: shape.write(refresh, { ...facts, kind: 'refresh' }) }),
    ...shape.answer?.(facts),
  }
}

function parsed(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Json) : undefined
  } catch {
    return undefined
  }
}
