import { processUserInfoResponse, skipSubjectCheck, validateApplicationLevelSignature } from 'oauth4webapi'

import type { Account, TokenSet } from '../contracts.ts'
import { ask } from './call.ts'
import type { Parties } from './call.ts'
import { asMembers } from './json.ts'
import type { JsonMembers } from './json.ts'
import { unusable } from './unusable.ts'
import { documentFetch, wire } from './wire.ts'

const accept = 'application/json, application/jwt'

/** Whose claims are asked for, and with what. */
export interface UserInfoRequest {
  readonly tokens: TokenSet
  /** Who signed in, where that is known: the answer must name the same subject. */
  readonly account?: Account
  readonly signal?: AbortSignal
}

/**
 * Gives what the server says of the person who signed in.
 *
 * @example
 * ```ts
 * const { email } = await userInfo(parties, { tokens, account })
 * ```
 *
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#UserInfo OpenID Connect Core, section 5.3}
 */
export async function userInfo(parties: Parties, { tokens, account, signal }: UserInfoRequest): Promise<JsonMembers> {
  const { server, client } = wire(parties)
  const { accessToken } = tokens
  const authorization = `${parties.proof === undefined ? 'Bearer' : 'DPoP'} ${accessToken}`
  const call = { endpoint: 'userinfo', url: parties.server.userinfo_endpoint, signal, accessToken }
  const answer = await ask(parties, call, async () => ({ method: 'GET', headers: { accept, authorization } }))
  const { response } = answer
  const signed = response.headers.get('content-type')?.startsWith('application/jwt') === true
  try {
    const subject = account?.issuer === server.issuer ? account.subject : undefined
    const claims = await processUserInfoResponse(server, client, subject ?? skipSubjectCheck, response)
    if (signed) await validateApplicationLevelSignature(server, response, documentFetch(parties, 'jwks', signal))
    return asMembers(claims) ?? {}
  } catch (error) {
    throw unusable('userinfo', error, response.status)
  }
}
