import { clientCredentialsGrantRequest, processClientCredentialsResponse } from 'oauth4webapi'

import type { TokenSet } from '../contracts.ts'
import { call, wire } from './call.ts'
import type { Parties } from './call.ts'
import { knownMembers, readTokens, tokenMembers } from './token-answer.ts'
import { unusable } from './unusable.ts'

/** What a program asks for in its own name. */
export interface ClientCredentialsRequest {
  readonly scopes?: readonly string[]
  readonly resource?: string
  readonly signal?: AbortSignal
}

/**
 * Gets a token in the client's own name, for programs that act for nobody else.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-4.4 RFC 6749, section 4.4}
 */
export async function clientCredentials(parties: Parties, request: ClientCredentialsRequest = {}): Promise<TokenSet> {
  const { server, client, auth } = wire(parties)
  const { scopes = [], resource, signal } = request
  const params = new URLSearchParams()
  if (scopes.length > 0) params.set('scope', scopes.join(' '))
  if (resource !== undefined) params.set('resource', resource)
  const answer = await call(parties, { endpoint: 'token', ...(signal && { signal }) }, (options) =>
    clientCredentialsGrantRequest(server, client, auth, params, options),
  )
  const members = tokenMembers(answer)
  await processClientCredentialsResponse(server, client, knownMembers(answer, members, { idToken: false })).catch(
    (error: unknown) => {
      throw unusable('token', error, answer.response.status)
    },
  )
  return readTokens(answer, members, { parties, scopes })
}
