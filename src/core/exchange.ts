import { authorizationCodeGrantRequest, processAuthorizationCodeResponse } from 'oauth4webapi'

import type { Transaction } from '../contracts.ts'
import { readAccount } from './account.ts'
import { call } from './call.ts'
import type { Parties } from './call.ts'
import type { CheckedCallback } from './callback.ts'
import { loaded } from './loaded.ts'
import { knownMembers, readTokens, tokenMembers, withIdToken } from './token-answer.ts'
import type { Grant } from './token-answer.ts'
import { unusable } from './unusable.ts'
import { wire } from './wire.ts'

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
  const { nonce, maxAge, resource, state, redirectUri, codeVerifier, scopes } = transaction
  const { provider, world } = parties
  // What the answer is held against must be here before the code is used up.
  const openid = nonce === undefined ? undefined : await loaded(import('./optional.ts'), world)
  const { server, client, auth } = wire(atRecordedEndpoint(parties, transaction))
  const extra = { resource, ...(provider.tokenRequest?.sendState === true && { state }) }
  const answer = await call(parties, { endpoint: 'token', extra }, (options) =>
    authorizationCodeGrantRequest(server, client, auth, callback.params, redirectUri, codeVerifier, options),
  )
  const members = tokenMembers(answer)
  const judged = knownMembers(answer, members, { idToken: openid !== undefined })
  const body = await processAuthorizationCodeResponse(server, client, judged, {
    ...(nonce !== undefined && { expectedNonce: nonce, requireIdToken: true }),
    ...(maxAge !== undefined && { maxAge }),
  }).catch((error: unknown) => {
    throw unusable('token', error, answer.response.status)
  })
  const tokens = readTokens(answer, members, { parties, scopes })
  const claims = await openid?.proveIdToken(parties, body)
  return withIdToken(tokens, claims && body.id_token, readAccount(provider, members, claims))
}

/** Metadata may have changed since the person was sent away; the code goes to where they were sent. */
function atRecordedEndpoint(parties: Parties, { tokenEndpoint }: Transaction): Parties {
  return { ...parties, server: { ...parties.server, token_endpoint: tokenEndpoint } }
}
