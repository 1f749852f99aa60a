import { json } from './answers.ts'
import { readApproval } from './approval.ts'
import { requestedScopes } from './authorization-request.ts'
import { authenticateClient, requireGrant } from './client-authentication.ts'
import type { Call, Context } from './context.ts'
import { html } from './html.ts'
import type { DeviceGrant } from './ledger.ts'
import type { Approval } from './options.ts'
import { deviceCodePage, deviceConsentPage, pageAnswer } from './pages.ts'
import { randomSecret } from './random.ts'
import { refusalOf } from './refusal.ts'
import { formApproval } from './authorization-endpoint.ts'

/** Consonants that are hard to confuse, so that no word comes of them (RFC 8628, section 6.1). */
const letters = 'BCDFGHJKLMNPQRSTVWXZ'
const interval = 5_000

/** The device authorization endpoint (RFC 8628, section 3.1). */
export async function deviceAuthorizationEndpoint(context: Context, call: Call): Promise<Response> {
  const { clock, ledger, settings } = context
  const client = await authenticateClient(context, call)
  requireGrant(client, 'urn:ietf:params:oauth:grant-type:device_code')
  const lifetime = settings.lifetimes.deviceCode
  const grant: DeviceGrant = {
    deviceCode: randomSecret('device'),
    userCode: userCode(),
    clientId: client.clientId,
    scopes: requestedScopes(context, call.params),
    expiresAt: clock.now() + lifetime,
    interval,
    used: false,
  }
  ledger.devices.set(grant.deviceCode, grant)
  call.entry.committed = true
  const { autoApprove } = settings
  if (autoApprove !== false) answerDevice(context, grant, autoApprove === true ? {} : autoApprove)
  return json({
    device_code: grant.deviceCode,
    user_code: grant.userCode,
    verification_uri: settings.endpoints.verification,
    verification_uri_complete: `${settings.endpoints.verification}?user_code=${grant.userCode}`,
    expires_in: Math.floor(lifetime / 1000),
    interval: interval / 1000,
  })
}

/** The page where a person lets a device in (RFC 8628, section 3.3). */
export function verificationEndpoint(context: Context, { params, request }: Call): Response {
  const code = params.get('user_code')
  if (code === null) return pageAnswer(deviceCodePage(context.settings, 'Type the code that your device shows.'))
  const grant = findDevice(context, code)
  if (grant === undefined) {
    return pageAnswer({ ...deviceCodePage(context.settings, 'No device waits for this code.'), status: 400 })
  }
  if (request.method !== 'POST') return pageAnswer(deviceConsentPage(context.settings, grant))
  answerDevice(context, grant, formApproval(context, params))
  return pageAnswer({ title: 'Done', body: html`<p>Go back to your device.</p>` })
}

/** The device that waits for this code, whatever its case and however it is separated. */
export function findDevice({ clock, ledger }: Context, code: string): DeviceGrant | undefined {
  const plain = (text: string): string => text.toUpperCase().replace(/[^A-Z]/g, '')
  const waits = (grant: DeviceGrant): boolean => grant.answer === undefined && grant.expiresAt > clock.now()
  return [...ledger.devices.values()].find((grant) => waits(grant) && plain(grant.userCode) === plain(code))
}

/** Puts down the person's answer. */
export function answerDevice(context: Context, grant: DeviceGrant, approval: Approval): void {
  try {
    grant.answer = readApproval(context, grant.scopes, approval)
  } catch (thrown) {
    const refusal = refusalOf(thrown)
    if (refusal === undefined) throw thrown
    grant.answer = { error: refusal.error }
  }
}

function userCode(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8))
  const code = [...bytes].map((byte) => letters[byte % letters.length] ?? '').join('')
  return `${code.slice(0, 4)}-${code.slice(4)}`
}
