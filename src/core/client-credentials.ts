import { clientCredentialsGrantRequest, processClientCredentialsResponse } from 'oauth4webapi'

import type { TokenSet } from '../contracts.ts'
import { call } from './call.ts'
import type { Parties } from './call.ts'
import { knownMembers, readTokens, tokenMembers } from './token-answer.ts'
import { unusable } from './unusable.ts'
import { wire } from './wire.ts'

/** What a program asks for in its own name. */
export interface ClientCredentialsRequest {
  readonly scopes?: readonly string[]
  readonly resource?: string
  readonly signal?: AbortSignal
}

/**
 * Gets a token in the client's own name, for programs that act for nobody else.
 *
 * @example
 * ```ts
 * const server = await discoverServer(provider, world)
 * const tokens = await clientCredentials({ provider, server, world, clientId, clientAuth: clientSecretBasic(secret) })
 * ```
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-4.4 RFC 6749, section 4.4}
 */
export async function clientCredentials(parties: Parties, request: ClientCredentialsRequest = {}): Promise<TokenSet> {
  const { server, client, auth } = wire(parties)
  const { scopes = [], resource, signal } = request
  const extra = { resource, scope: scopes.join(' ') || undefined }
  const answer = await call(parties, { endpoint: 'token', signal, extra }, (options) =>
    clientCredentialsGrantRequest(server, client, auth, {}, options),
  )
  const members = tokenMembers(answer)
  const judged = knownMembers(answer, members, { idToken: false })
  await processClientCredentialsResponse(server, client, judged).catch((error: unknown) => {
    throw unusable('token', error, answer.response.status)
  })
  return readTokens(answer, members, { parties, scopes })
}
