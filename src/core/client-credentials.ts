import type { TokenSet } from '../contracts.ts'
import { post } from './call.ts'
import type { Parties } from './call.ts'
import { readTokens, tokenMembers } from './token-answer.ts'

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
  const { scopes = [], resource, signal } = request
  const scope = scopes.length > 0 ? scopes.join(' ') : undefined
  const call = { endpoint: 'token', url: parties.server.token_endpoint, signal }
  const answer = await post(parties, call, { grant_type: 'client_credentials', scope, resource })
  return readTokens(answer, tokenMembers(answer), { parties, scopes })
}
