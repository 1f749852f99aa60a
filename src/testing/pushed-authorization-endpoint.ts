import { json } from './answers.ts'
import { answerTarget, authorizationRequest } from './authorization-request.ts'
import { authenticateClient } from './client-authentication.ts'
import type { Call, Context } from './context.ts'
import { randomSecret } from './random.ts'
import { refuse } from './refusal.ts'

/** The pushed authorization request endpoint (RFC 9126, section 2). */
export async function pushedAuthorizationEndpoint(context: Context, call: Call): Promise<Response> {
  const { clock, ledger, settings } = context
  const client = await authenticateClient(context, call)
  if (call.params.has('request_uri')) refuse('invalid_request', 'request_uri cannot be pushed.')
  const params = new URLSearchParams(call.params)
  params.set('client_id', client.clientId)
  authorizationRequest(context, params, answerTarget(context, params))
  const reference = `urn:ietf:params:oauth:request_uri:${randomSecret('par')}`
  const lifetime = settings.lifetimes.pushedRequest
  ledger.pushed.set(reference, { clientId: client.clientId, params, expiresAt: clock.now() + lifetime })
  call.entry.committed = true
  return json({ request_uri: reference, expires_in: Math.floor(lifetime / 1000) }, 201)
}
