import type { Call, Context } from './context.ts'
import type { Code } from './ledger.ts'
import { openFamily } from './ledger.ts'
import { refuse } from './refusal.ts'
import type { Granted } from './token-answer.ts'
import type { Presented } from './presented.ts'

/**
 * Redeems an authorization code. A code is good once, also when the exchange fails; a second time
 * everything that came of it is revoked.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3 RFC 6749, section 4.1.3}
 */
export function redeemCode(context: Context, call: Call, { client, jkt, challenge }: Presented): Granted {
  const code = takeCode(context, call)
  const defect = codeDefect(context, call, { code, client, challenge, jkt })
  if (defect !== undefined) return refuse('invalid_grant', defect)
  code.family = openFamily(context.ledger, {
    clientId: client.clientId,
    user: code.user,
    scopes: code.scopes,
    ...(code.nonce !== undefined && { nonce: code.nonce }),
    authenticatedAt: code.authenticatedAt,
    ...(jkt !== undefined && { jkt }),
  })
  return { client, family: code.family, scopes: code.scopes, jkt }
}

function takeCode({ ledger }: Context, { entry, params }: Call): Code {
  const value = params.get('code')
  if (value === null) return refuse('invalid_request', 'code is missing.')
  const code = ledger.codes.get(value)
  if (code === undefined) return refuse('invalid_grant', 'The code is unknown.')
  if (code.used) {
    entry.reuse = true
    if (code.family !== undefined) code.family.revoked = true
    return refuse('invalid_grant', 'The code was used before.')
  }
  code.used = true
  return code
}

interface Redemption extends Presented {
  readonly code: Code
}

function codeDefect(
  { clock }: Context,
  { params }: Call,
  { code, client, challenge, jkt }: Redemption,
): string | undefined {
  if (code.client.clientId !== client.clientId) return 'The code is another client’s.'
  if (code.expiresAt <= clock.now()) return 'The code has expired.'
  const unnamed = code.redirectUriNamed ? undefined : code.redirectUri
  if ((params.get('redirect_uri') ?? unnamed) !== code.redirectUri) return 'redirect_uri is not the same.'
  const wrong = verifierDefect(params.get('code_verifier'), code.codeChallenge, challenge)
  if (wrong !== undefined) return wrong
  return code.jkt === undefined || code.jkt === jkt ? undefined : 'The proof is not of the announced key.'
}

/** RFC 7636, section 4.6; a verifier without a challenge is a downgrade (RFC 9700, section 2.1.1). */
function verifierDefect(verifier: string | null, expected: string | undefined, challenge: string): string | undefined {
  if (expected === undefined) return verifier === null ? undefined : 'The code was issued without code_challenge.'
  if (!/^[\w.~-]{43,128}$/.test(verifier ?? '')) return 'code_verifier is malformed.'
  return expected === challenge ? undefined : 'code_verifier does not match.'
}
