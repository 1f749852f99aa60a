import { customFetch, processUserInfoResponse, skipSubjectCheck } from 'oauth4webapi'

import type { Account, TokenSet } from '../contracts.ts'
import { OAuthError } from '../errors.ts'
import { call } from './call.ts'
import type { Parties } from './call.ts'
import { secureUrl } from './endpoint.ts'
import { asMembers } from './json.ts'
import type { JsonMembers } from './json.ts'
import { unusable } from './unusable.ts'
import { verifySignature } from './verify-signature.ts'
import { wire } from './wire.ts'

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
  if (server.userinfo_endpoint === undefined) {
    throw new OAuthError('unsupported', { what: 'the server names no userinfo endpoint.' })
  }
  const url = secureUrl('userinfo_endpoint', server.userinfo_endpoint, parties.world).href
  const { accessToken, tokenType } = tokens
  const headers = { accept, authorization: `${tokenType} ${accessToken}` }
  const answer = await call(parties, { endpoint: 'userinfo', signal, accessToken }, (options) =>
    options[customFetch](url, { method: 'GET', headers, body: undefined, redirect: 'manual' }),
  )
  const { response } = answer
  const signed = response.headers.get('content-type')?.startsWith('application/jwt') === true
  try {
    const subject = account?.issuer === server.issuer ? account.subject : undefined
    const claims = await processUserInfoResponse(server, client, subject ?? skipSubjectCheck, response)
    if (signed) await verifySignature(parties, { endpoint: 'userinfo', jws: answer.text, signal })
    return asMembers(claims) ?? {}
  } catch (error) {
    throw unusable('userinfo', error, response.status)
  }
}
