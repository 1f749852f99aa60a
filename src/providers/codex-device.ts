import type { Fetch, Provider } from '../contracts.ts'
import { openaiCodex } from './openai.ts'
import { member } from './read/nested-error.ts'

/** What `codexDevice` builds upon. */
export interface CodexDeviceOptions {
  /** @default openaiCodex() */
  readonly provider?: Provider
  /** @default globalThis.fetch */
  readonly fetch?: Fetch
}

/** A row with a device endpoint, and the `fetch` that speaks its dialect. */
export interface CodexDevice {
  readonly provider: Provider
  readonly fetch: Fetch
}

const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code'

/** Codex' device login is open for fifteen minutes, in seconds. */
const lifetime = 900

/**
 * Codex with a sign-in on another device. OpenAI's device login is not that of RFC 8628: the device is
 * handed an authorization code together with its verifier. The `fetch` given here translates, for these
 * two endpoints alone; everything else passes through it untouched.
 *
 * @example
 * ```ts
 * const client = createNodeClient({ ...codexDevice() })
 * await client.signIn({ via: 'device' })
 * ```
 */
export function codexDevice({ provider = openaiCodex(), fetch }: CodexDeviceOptions = {}): CodexDevice {
  const base = provider.issuer ?? 'https://auth.openai.com'
  const token = provider.endpoints?.token ?? `${base}/oauth/token`
  const deviceAuthorization = `${base}/api/accounts/deviceauth/usercode`
  const dialect: Dialect = { base, token, send: (input, init) => (fetch ?? globalThis.fetch)(input, init) }
  return {
    provider: { ...provider, endpoints: { ...provider.endpoints, token, deviceAuthorization } },
    async fetch(input, init) {
      const address = String(input)
      if (init?.method !== 'POST' || (address !== deviceAuthorization && address !== token)) {
        return dialect.send(input, init)
      }
      const { text, body } = await readBody(init.body)
      const form = new URLSearchParams(text)
      if (address === deviceAuthorization) return begin(dialect, form, init)
      if (form.get('grant_type') === deviceGrant) return poll(dialect, form, init)
      return dialect.send(input, { ...init, body })
    },
  }
}

/** A body's text, and the body to be sent on: where a runtime must not repeat a request, it is a stream. */
async function readBody(body: RequestInit['body']): Promise<{ readonly text: string; readonly body: BodyInit }> {
  if (!(body instanceof ReadableStream)) {
    const text = String(body ?? '')
    return { text, body: body ?? text }
  }
  const [read, kept] = body.tee()
  return { text: await new Response(read).text(), body: kept }
}

/** The same kind of body with another text. */
function written(init: RequestInit, text: string): BodyInit {
  return (init.body instanceof ReadableStream ? new Response(text).body : undefined) ?? text
}

interface Dialect {
  readonly base: string
  readonly token: string
  readonly send: Fetch
}

async function begin({ base, send }: Dialect, form: URLSearchParams, init: RequestInit): Promise<Response> {
  const asked = { client_id: form.get('client_id') }
  const response = await send(`${base}/api/accounts/deviceauth/usercode`, jsonRequest(init, asked))
  if (response.status === 404) return answer({ error: 'unauthorized_client' }, 400)
  if (!response.ok) return response
  const body: unknown = await response.json().catch(() => undefined)
  const [id, userCode, interval] = ['device_auth_id', 'user_code', 'interval'].map((name) => member(body, name))
  if (typeof id !== 'string' || typeof userCode !== 'string') return answer({}, 200)
  return answer(
    {
      // Both are needed to poll.
      device_code: JSON.stringify([id, userCode]),
      user_code: userCode,
      verification_uri: `${base}/codex/device`,
      expires_in: lifetime,
      interval,
    },
    200,
  )
}

async function poll(dialect: Dialect, form: URLSearchParams, init: RequestInit): Promise<Response> {
  const [id, userCode] = JSON.parse(form.get('device_code') ?? '[]') as unknown[]
  const asked = { device_auth_id: id, user_code: userCode }
  const response = await dialect.send(`${dialect.base}/api/accounts/deviceauth/token`, jsonRequest(init, asked))
  if (!response.ok) return refused(response)
  const body: unknown = await response.json().catch(() => undefined)
  const [code, verifier] = [member(body, 'authorization_code'), member(body, 'code_verifier')]
  if (typeof code !== 'string' || typeof verifier !== 'string') return answer({}, 200)
  const exchange = new URLSearchParams({
    grant_type: 'authorization_code',
    code,
    redirect_uri: `${dialect.base}/deviceauth/callback`,
    client_id: form.get('client_id') ?? '',
    code_verifier: verifier,
  })
  return dialect.send(dialect.token, { ...init, body: written(init, String(exchange)) })
}

/** 403 and 404 are "not yet", unless they say something else. */
async function refused(response: Response): Promise<Response> {
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => undefined)
  const code = member(member(body, 'error'), 'code')
  const isPending = code === 'deviceauth_authorization_pending'
  const isSilent = code === undefined && (response.status === 403 || response.status === 404)
  if (isPending || isSilent) return answer({ error: 'authorization_pending' }, 400)
  return code === 'slow_down' ? answer({ error: 'slow_down' }, 400) : response
}

function jsonRequest(init: RequestInit, body: unknown): RequestInit {
  const headers = new Headers(init.headers)
  headers.set('content-type', 'application/json')
  return { ...init, headers, body: written(init, JSON.stringify(body)) }
}

function answer(body: unknown, status: number): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } })
}
