import { processRefreshTokenResponse, refreshTokenGrantRequest } from 'oauth4webapi'
import type { IDToken } from 'oauth4webapi'

import type { Account, TokenSet } from '../contracts.ts'
import { isOAuthError, OAuthError } from '../errors.ts'
import { readAccount } from './account.ts'
import { call, wire } from './call.ts'
import type { Answer, Parties } from './call.ts'
import { proveIdToken } from './id-token.ts'
import type { JsonMembers } from './json.ts'
import { knownMembers, readTokens, refreshTokenOf, tokenMembers } from './token-answer.ts'
import type { Grant } from './token-answer.ts'
import { unusable } from './unusable.ts'

/** What is being refreshed. */
export interface RefreshRequest {
  readonly tokens: TokenSet & { readonly refreshToken: string }
  readonly account?: Account
  /** Sent again where the authorization request named one (RFC 8707). */
  readonly resource?: string
}

/**
 * What a refresh that was answered with success brought: new tokens, or, when the rest of the answer
 * was defective, at least the new refresh token, for the server has already retired the old one.
 */
export type Refreshed =
  | ({ readonly kind: 'tokens' } & Grant)
  | { readonly kind: 'defective'; readonly refreshToken: string; readonly error: OAuthError }

/**
 * Exchanges a refresh token for new tokens. It is sent once and never repeated from here.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-6 RFC 6749, section 6}
 */
export async function refreshTokens(parties: Parties, request: RefreshRequest): Promise<Refreshed> {
  if (request.tokens.tokenType === 'DPoP' && parties.proof === undefined) {
    throw new OAuthError('config', { reason: 'the tokens are bound to a DPoP key, which is not at hand.' })
  }
  const { server, client, auth } = wire(parties)
  const { refreshToken } = request.tokens
  const extra = {
    ...(request.resource !== undefined && { resource: request.resource }),
    ...parties.provider.tokenRequest?.refreshParams,
  }
  const answer = await call(parties, { endpoint: 'token', extra }, (options) =>
    refreshTokenGrantRequest(server, client, auth, refreshToken, options),
  )
  const members = tokenMembers(answer)
  try {
    const tokens = await judge(parties, request, answer, members)
    const claims = await provenClaims(parties, answer, members)
    sameSubject(request.account, claims)
    const account = readAccount(parties.provider, members, claims) ?? request.account
    return {
      kind: 'tokens',
      tokens: { ...tokens, ...idTokenOf(members, claims, request.tokens) },
      ...(account !== undefined && { account }),
    }
  } catch (error) {
    const kept = refreshTokenOf(members)
    if (kept === undefined || kept === refreshToken || !isOAuthError(error) || isSwap(error)) throw error
    return { kind: 'defective', refreshToken: kept, error }
  }
}

async function judge(
  parties: Parties,
  request: RefreshRequest,
  answer: Answer,
  members: JsonMembers,
): Promise<TokenSet> {
  const { server, client } = wire(parties)
  const judged = knownMembers(answer, members, { idToken: false })
  await processRefreshTokenResponse(server, client, judged).catch((error: unknown) => {
    throw unusable('token', error, answer.response.status)
  })
  return readTokens(answer, members, { parties, previous: request.tokens })
}

/**
 * The claims of a refreshed ID token, if it brings one that can be proven. One that can't is left
 * aside: it must not cost the tokens that came with it.
 */
async function provenClaims(parties: Parties, answer: Answer, members: JsonMembers): Promise<IDToken | undefined> {
  if (members['id_token'] === undefined) return undefined
  const { server, client } = wire(parties)
  const judged = knownMembers(answer, members, { idToken: true })
  try {
    const body = await processRefreshTokenResponse(server, client, judged)
    return await proveIdToken(parties, judged, body)
  } catch {
    return undefined
  }
}

function idTokenOf(members: JsonMembers, claims: IDToken | undefined, previous: TokenSet): { idToken?: string } {
  if (claims !== undefined && typeof members['id_token'] === 'string') return { idToken: members['id_token'] }
  return previous.idToken === undefined ? {} : { idToken: previous.idToken }
}

const swapped = 'the refreshed ID token names another person.'

/** @see {@link https://openid.net/specs/openid-connect-core-1_0.html#RefreshTokenResponse OpenID Connect Core, section 12.2} */
function sameSubject(account: Account | undefined, claims: IDToken | undefined): void {
  if (claims === undefined || account?.subject === undefined) return
  if (account.subject === claims.sub && account.issuer === claims.iss) return
  throw new OAuthError('invalid_response', { endpoint: 'token', reason: swapped })
}

/** Tokens of another person are not kept, not even to be refreshed. */
function isSwap(error: unknown): boolean {
  return isOAuthError(error) && error.code === 'invalid_response' && error.detail.reason === swapped
}
