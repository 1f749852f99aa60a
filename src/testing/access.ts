import type { Call, Context } from './context.ts'
import { proofThumbprint } from './dpop.ts'
import type { OpenEntry } from './history.ts'
import { liveAccessToken } from './ledger.ts'
import type { AccessToken } from './ledger.ts'
import { refuse } from './refusal.ts'

/**
 * Admits a request that carries a good access token with `scope`, and challenges any other.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750#section-3 RFC 6750, section 3}
 * @see {@link https://www.rfc-editor.org/rfc/rfc9449#section-7.1 RFC 9449, section 7.1}
 */
export async function admit(context: Context, call: Call, scope?: string): Promise<AccessToken> {
  const { dpop, value } = presented(call.request)
  const challenge = context.settings.dpop === 'required' || dpop ? 'DPoP' : 'Bearer'
  // Without a token the challenge names no error (RFC 6750, section 3.1).
  if (value === '') refuse('invalid_request', 'An access token is required.', challenged(`${challenge} realm="api"`))
  const token = liveAccessToken(context.ledger, value, context.clock.now())
  if (token === undefined || dpop !== (token.jkt !== undefined)) return invalidToken(challenge)
  noteOwner(call.entry, token)
  if (token.jkt !== undefined) {
    const jkt = await proofThumbprint(context, call, { issuer: 'api', status: 401, accessToken: value })
    if (jkt !== token.jkt) return invalidToken(challenge)
  }
  if (scope !== undefined && !token.scopes.includes(scope)) {
    const insufficient = `${challenge} realm="api", error="insufficient_scope", scope="${scope}"`
    return refuse('insufficient_scope', 'The token lacks a scope.', { ...challenged(insufficient), status: 403 })
  }
  return token
}

function presented({ headers }: Request): { readonly dpop: boolean; readonly value: string } {
  const [, scheme = '', value = ''] = /^(bearer|dpop) +([\w.~+/=-]+)$/i.exec(headers.get('authorization') ?? '') ?? []
  return { dpop: scheme.toLowerCase() === 'dpop', value }
}

function noteOwner(entry: OpenEntry, { clientId, family }: AccessToken): void {
  entry.clientId = clientId
  if (family !== undefined) Object.assign(entry, { family: family.id, subject: family.user.sub })
}

function invalidToken(challenge: string): never {
  return refuse(
    'invalid_token',
    'The access token is unknown, expired or revoked.',
    challenged(`${challenge} realm="api", error="invalid_token", error_description="The access token is not good."`),
  )
}

function challenged(header: string): { readonly status: number; readonly headers: Record<string, string> } {
  return { status: 401, headers: { 'www-authenticate': header } }
}
