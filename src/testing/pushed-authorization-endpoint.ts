import { json } from './answers.ts'
import { answerTarget, authorizationRequest } from './authorization-request.ts'
import { authenticateClient } from './client-authentication.ts'
import type { Call, Context } from './context.ts'
import { proofThumbprint } from './dpop.ts'
import { randomSecret } from './random.ts'
import { refuse } from './refusal.ts'

/** The pushed authorization request endpoint (RFC 9126, section 2). */
export async function pushedAuthorizationEndpoint(context: Context, call: Call): Promise<Response> {
  const { clock, ledger, settings } = context
  const client = await authenticateClient(context, call)
  if (call.params.has('request_uri')) refuse('invalid_request', 'request_uri cannot be pushed.')
  const params = new URLSearchParams(call.params)
  params.set('client_id', client.clientId)
  await announceKey(context, call, params)
  authorizationRequest(context, params, answerTarget(context, params))
  const reference = `urn:ietf:params:oauth:request_uri:${randomSecret('par')}`
  const lifetime = settings.lifetimes.pushedRequest
  ledger.pushed.set(reference, { clientId: client.clientId, params, expiresAt: clock.now() + lifetime })
  call.entry.committed = true
  return json({ request_uri: reference, expires_in: Math.floor(lifetime / 1000) }, 201)
}

/** A proof that comes along binds the code to its key (RFC 9449, section 10.1). */
async function announceKey(context: Context, call: Call, params: URLSearchParams): Promise<void> {
  if (!call.request.headers.has('dpop')) return
  const jkt = await proofThumbprint(context, call, { issuer: 'server', status: 400 })
  if (jkt === undefined) return
  if ((params.get('dpop_jkt') ?? jkt) !== jkt) refuse('invalid_dpop_proof', 'The proof is not of the announced key.')
  params.set('dpop_jkt', jkt)
}
