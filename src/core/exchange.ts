import { authorizationCodeGrantRequest, processAuthorizationCodeResponse } from 'oauth4webapi'

import type { Transaction } from '../contracts.ts'
import { readAccount } from './account.ts'
import { call, wire } from './call.ts'
import type { Parties } from './call.ts'
import type { CheckedCallback } from './callback.ts'
import { proveIdToken } from './id-token.ts'
import { knownMembers, readTokens, tokenMembers } from './token-answer.ts'
import type { Grant } from './token-answer.ts'
import { unusable } from './unusable.ts'

/**
 * Exchanges the code of a checked callback for tokens, once, at the endpoint that the transaction
 * recorded.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3 RFC 6749, section 4.1.3}
 */
export async function exchangeCode(
  parties: Parties,
  transaction: Transaction,
  callback: CheckedCallback,
): Promise<Grant> {
  const { server, client, auth } = wire(atRecordedEndpoint(parties, transaction))
  const { tokenRequest } = parties.provider
  const extra = {
    ...(transaction.resource !== undefined && { resource: transaction.resource }),
    ...(tokenRequest?.sendState === true && { state: transaction.state }),
  }
  const answer = await call(parties, { endpoint: 'token', extra }, (options) =>
    authorizationCodeGrantRequest(
      server,
      client,
      auth,
      callback.params,
      transaction.redirectUri,
      transaction.codeVerifier,
      options,
    ),
  )
  const members = tokenMembers(answer)
  const judged = knownMembers(answer, members, { idToken: transaction.nonce !== undefined })
  const body = await processAuthorizationCodeResponse(server, client, judged, {
    ...(transaction.nonce !== undefined && { expectedNonce: transaction.nonce, requireIdToken: true }),
    ...(transaction.maxAge !== undefined && { maxAge: transaction.maxAge }),
  }).catch((error: unknown) => {
    throw unusable('token', error, answer.response.status)
  })
  const tokens = readTokens(answer, members, { parties, scopes: transaction.scopes })
  const claims = await proveIdToken(parties, judged, body)
  const account = readAccount(parties.provider, members, claims)
  return {
    tokens: { ...tokens, ...(claims !== undefined && body.id_token !== undefined && { idToken: body.id_token }) },
    ...(account !== undefined && { account }),
  }
}

/** Metadata may have changed since the person was sent away; the code goes to where they were sent. */
function atRecordedEndpoint(parties: Parties, transaction: Transaction): Parties {
  if (parties.server.token_endpoint === transaction.tokenEndpoint) return parties
  return { ...parties, server: { ...parties.server, token_endpoint: transaction.tokenEndpoint } }
}
