import { authenticateClient, requireGrant } from './client-authentication.ts'
import type { Call, Context } from './context.ts'
import { proofThumbprint } from './dpop.ts'
import { redeemCode } from './redeem-code.ts'
import { grantToClient } from './grant-to-client.ts'
import { redeemDeviceCode } from './redeem-device-code.ts'
import type { Presented } from './presented.ts'
import { redeemRefreshToken } from './redeem-refresh-token.ts'
import type { GrantType } from './options.ts'
import { sha256 } from './random.ts'
import { refuse } from './refusal.ts'
import { tokenAnswer } from './token-answer.ts'
import type { Granted } from './token-answer.ts'

type Grant = (context: Context, call: Call, presented: Presented) => Granted

const grants: ReadonlyMap<string, Grant> = new Map<GrantType, Grant>([
  ['authorization_code', redeemCode],
  ['refresh_token', redeemRefreshToken],
  ['client_credentials', grantToClient],
  ['urn:ietf:params:oauth:grant-type:device_code', redeemDeviceCode],
])

/** The token endpoint (RFC 6749, section 3.2). */
export async function tokenEndpoint(context: Context, call: Call): Promise<Response> {
  const name = call.params.get('grant_type')
  if (name === null) return refuse('invalid_request', 'grant_type is missing.')
  const grant = grants.get(name)
  if (grant === undefined) return refuse('unsupported_grant_type', 'The grant type is not known.')
  const client = await authenticateClient(context, call)
  requireGrant(client, name as GrantType)
  const jkt = await proofThumbprint(context, call, { issuer: 'server', status: 400 })
  const challenge = await sha256(call.params.get('code_verifier') ?? '')
  // From here to the issued tokens nothing is awaited: of two requests at once, the second sees what the first did.
  return tokenAnswer(context, call, grant(context, call, { client, jkt, challenge }))
}
