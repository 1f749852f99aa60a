import { member } from './nested-error.ts'

type Post = (url: string, fields: Readonly<Record<string, string>>, encoding?: 'json') => Promise<Response>

/** Codex' device login is open for fifteen minutes, in seconds. */
const lifetime = 900

/** Begins Codex' device login, which is not that of RFC 8628: no scope, JSON, and two names for one device. */
export async function beginCodexDevice(url: string, fields: URLSearchParams, post: Post): Promise<Response> {
  const response = await post(url, { client_id: fields.get('client_id') ?? '' }, 'json')
  if (response.status === 404) return answer({ error: 'unauthorized_client' }, 400)
  if (!response.ok) return response
  const body = await bodyOf(response)
  const [id, userCode, interval] = ['device_auth_id', 'user_code', 'interval'].map((name) => member(body, name))
  if (typeof id !== 'string' || typeof userCode !== 'string') return answer({}, 200)
  return answer(
    {
      // Both are needed to poll.
      device_code: JSON.stringify([id, userCode]),
      user_code: userCode,
      verification_uri: new URL('/codex/device', url).href,
      expires_in: lifetime,
      interval,
    },
    200,
  )
}

/** Asks whether the person has answered. The device is handed a code together with its verifier, and exchanges it. */
export async function pollCodexDevice(url: string, fields: URLSearchParams, post: Post): Promise<Response> {
  const [id = '', userCode = ''] = JSON.parse(fields.get('device_code') ?? '[]') as string[]
  const asked = { device_auth_id: id, user_code: userCode }
  const response = await post(new URL('/api/accounts/deviceauth/token', url).href, asked, 'json')
  const body = await bodyOf(response)
  if (!response.ok) return refused(response, body)
  const [code, verifier] = [member(body, 'authorization_code'), member(body, 'code_verifier')]
  if (typeof code !== 'string' || typeof verifier !== 'string') return answer({}, 200)
  return post(url, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: new URL('/deviceauth/callback', url).href,
    client_id: fields.get('client_id') ?? '',
    code_verifier: verifier,
  })
}

/** 403 and 404 are "not yet", unless they say something else. */
function refused(response: Response, body: unknown): Response {
  const code = member(member(body, 'error'), 'code')
  const isPending = code === 'deviceauth_authorization_pending'
  const isSilent = code === undefined && (response.status === 403 || response.status === 404)
  if (isPending || isSilent) return answer({ error: 'authorization_pending' }, 400)
  return code === 'slow_down' ? answer({ error: 'slow_down' }, 400) : response
}

function bodyOf(response: Response): Promise<unknown> {
  return response
    .clone()
    .json()
    .catch(() => undefined)
}

function answer(body: unknown, status: number): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } })
}
