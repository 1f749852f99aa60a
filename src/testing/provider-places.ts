import { json } from './answers.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import { html } from './html.ts'
import type { Approval } from './options.ts'
import { pageAnswer } from './pages.ts'
import type { ProviderShape } from './provider-shape.ts'
import { randomSecret, sha256 } from './random.ts'

/** What the places beside the usual endpoints work with. */
export interface Places {
  readonly inner: AuthorizationServer
  readonly shape: ProviderShape
  readonly apiKeys: string[]
  readonly devices: CodexDevice[]
  readonly autoApprove: boolean | Approval
}

/** A Codex device that waits. */
export interface CodexDevice {
  readonly id: string
  readonly userCode: string
  readonly clientId: string
  answer?: { readonly code: string; readonly verifier: string } | 'denied'
}

type Place = (places: Places, request: Request) => Promise<Response>

/** The places that only one provider has, by path. */
export const providerPlaces: Readonly<Record<string, Place>> = {
  '/oauth/code/callback': showCode,
  '/api/oauth/claude_cli/create_api_key': createKey,
  '/api/accounts/deviceauth/usercode': beginDevice,
  '/api/accounts/deviceauth/token': pollDevice,
}

/** The page that shows `code#state` for copying. */
async function showCode(_places: Places, { url }: Request): Promise<Response> {
  const { searchParams } = new URL(url)
  const [code, state] = [searchParams.get('code') ?? '', searchParams.get('state') ?? '']
  return pageAnswer({ title: 'Copy this', body: html`<p><code>${code}#${state}</code></p>` })
}

async function createKey({ inner, shape, apiKeys }: Places, { headers, method }: Request): Promise<Response> {
  if (method !== 'POST') return json({ error: { type: 'not_found_error', message: 'Not found' } }, 405)
  const token = shape.read((headers.get('authorization') ?? '').replace(/^bearer +/i, ''))
  const asked = await inner.fetch(`${inner.apiUrl}/echo?scope=org:create_api_key`, {
    headers: { authorization: `Bearer ${token}` },
  })
  if (asked.status === 403) {
    const details = { required_scopes: ['org:create_api_key'], match: 'any', error_code: 'oauth_scope_insufficient' }
    const message = 'OAuth token does not meet scope requirement org:create_api_key'
    return json({ type: 'error', error: { type: 'permission_error', message, details } }, 403)
  }
  if (!asked.ok) {
    const message = 'OAuth token has expired. Please obtain a new token or refresh your existing token.'
    return json({ type: 'error', error: { type: 'authentication_error', message } }, 401)
  }
  const key = `sk-ant-api03-${randomSecret('key')}`
  apiKeys.push(key)
  return json({ raw_key: key })
}

async function beginDevice({ inner, devices, autoApprove }: Places, request: Request): Promise<Response> {
  const { client_id: clientId } = await fields(request)
  if (clientId === undefined) return json({ error: { code: 'invalid_request', message: 'client_id is needed' } }, 400)
  const number = String(devices.length + 1).padStart(4, '0')
  const device: CodexDevice = { id: randomSecret('deviceauth'), userCode: `CODE-${number}`, clientId }
  devices.push(device)
  if (autoApprove !== false) await answerCodexDevice(inner, device, autoApprove === true ? {} : autoApprove)
  // Theirs is a text.
  return json({ device_auth_id: device.id, user_code: device.userCode, interval: '5' })
}

async function pollDevice({ devices }: Places, request: Request): Promise<Response> {
  const { device_auth_id: id, user_code: userCode } = await fields(request)
  const device = devices.find((one) => one.id === id && one.userCode === userCode)
  if (device === undefined) return json({ error: { code: 'invalid_request', message: 'Unknown device' } }, 400)
  if (device.answer === undefined) return json({ error: { code: 'deviceauth_authorization_pending' } }, 403)
  if (device.answer === 'denied') return json({ error: { code: 'access_denied', message: 'Refused' } }, 400)
  const { code, verifier } = device.answer
  return json({ authorization_code: code, code_verifier: verifier, code_challenge: await sha256(verifier) })
}

/** Answers a device as the person would: the server makes the verifier, and redeems the code for itself. */
export async function answerCodexDevice(
  inner: AuthorizationServer,
  device: CodexDevice,
  approval: Approval,
): Promise<void> {
  if (approval.deny !== undefined) {
    device.answer = 'denied'
    return
  }
  const verifier = randomSecret('verifier')
  const url = new URL('/oauth/authorize', inner.issuer)
  url.search = String(
    new URLSearchParams({
      response_type: 'code',
      client_id: device.clientId,
      redirect_uri: `${inner.issuer}/deviceauth/callback`,
      scope: 'openid profile email offline_access',
      state: randomSecret('state'),
      code_challenge: await sha256(verifier),
      code_challenge_method: 'S256',
    }),
  )
  const callback = await inner.approve(url, approval)
  device.answer = { code: callback.searchParams.get('code') ?? '', verifier }
}

async function fields(request: Request): Promise<Readonly<Record<string, string>>> {
  const body = await request.text()
  try {
    return JSON.parse(body) as Readonly<Record<string, string>>
  } catch {
    return {}
  }
}
