import type { Call, Context } from './context.ts'
import { openFamily } from './ledger.ts'
import type { DeviceGrant } from './ledger.ts'
import { refuse } from './refusal.ts'
import type { Granted } from './token-answer.ts'
import type { Presented } from './presented.ts'

/** By how much each `slow_down` lengthens the interval (RFC 8628, section 3.5), in milliseconds. */
const slowDown = 5_000

/**
 * Answers a device's poll.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8628#section-3.5 RFC 8628, section 3.5}
 */
export function redeemDeviceCode(context: Context, call: Call, { client, jkt }: Presented): Granted {
  const { clock, ledger } = context
  const grant = ledger.devices.get(call.params.get('device_code') ?? '')
  if (grant === undefined || grant.used || grant.clientId !== client.clientId) {
    return refuse('invalid_grant', 'The device code is unknown or was used.')
  }
  const { user, scopes } = pollAnswer(grant, clock.now())
  grant.used = true
  const family = openFamily(ledger, {
    clientId: client.clientId,
    user,
    scopes,
    authenticatedAt: clock.now(),
    ...(jkt !== undefined && { jkt }),
  })
  return { client, family, scopes, jkt }
}

function pollAnswer(grant: DeviceGrant, now: number): Exclude<NonNullable<DeviceGrant['answer']>, { error: string }> {
  if (grant.expiresAt <= now) return refuse('expired_token', 'The device code has expired.')
  const tooSoon = grant.polledAt !== undefined && now - grant.polledAt < grant.interval
  grant.polledAt = now
  if (tooSoon) {
    grant.interval += slowDown
    return refuse('slow_down', 'Poll less often.')
  }
  if (grant.answer === undefined) return refuse('authorization_pending', 'The person has not answered yet.')
  return 'error' in grant.answer ? refuse(grant.answer.error, 'The person refused.') : grant.answer
}
