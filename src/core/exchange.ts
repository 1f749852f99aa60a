import type { Transaction } from '../contracts.ts'
import { readAccount } from './account.ts'
import { post } from './call.ts'
import type { Parties } from './call.ts'
import type { CheckedCallback } from './callback.ts'
import { loaded } from './loaded.ts'
import { grant, readTokens, tokenMembers } from './token-answer.ts'
import type { Grant } from './token-answer.ts'

/**
 * Exchanges the code of a checked callback for tokens, once, at the endpoint that the transaction
 * recorded: metadata may have changed since the person was sent away, and the code goes to where they
 * were sent.
 *
 * @example
 * ```ts
 * const { tokens, account } = await exchangeCode(parties, transaction, checked)
 * ```
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3 RFC 6749, section 4.1.3}
 */
export async function exchangeCode(
  parties: Parties,
  transaction: Transaction,
  callback: CheckedCallback,
): Promise<Grant> {
  const { nonce, maxAge, resource, state, codeVerifier, redirectUri, tokenEndpoint, scopes } = transaction
  const asked = nonce !== undefined || maxAge !== undefined
  // What the answer is held against must be here before the code is used up.
  const openid = asked ? await loaded(import('./optional.ts'), parties.world) : undefined
  const answer = await post(
    parties,
    { endpoint: 'token', url: tokenEndpoint },
    {
      grant_type: 'authorization_code',
      code: callback.params.get('code') ?? '',
      redirect_uri: redirectUri,
      code_verifier: codeVerifier,
      resource,
      state: parties.provider.tokenRequest?.sendState === true ? state : undefined,
    },
  )
  const members = tokenMembers(answer)
  const tokens = readTokens(answer, members, { parties, scopes })
  const claims = await openid?.proveIdToken(parties, answer, members, transaction)
  const account = readAccount(parties.provider, members, claims)
  return grant(tokens, claims && String(members['id_token']), account)
}
