import { processRefreshTokenResponse, refreshTokenGrantRequest } from 'oauth4webapi'
import type { TokenEndpointResponse } from 'oauth4webapi'

import type { Account, TokenSet } from '../contracts.ts'
import { configError, isOAuthError, OAuthError } from '../errors.ts'
import { readAccount } from './account.ts'
import { call } from './call.ts'
import type { Answer, Parties } from './call.ts'
import type { ProveIdToken } from './id-token.ts'
import type { JsonMembers } from './json.ts'
import { loaded } from './loaded.ts'
import type { Carry } from './send.ts'
import { knownMembers, readTokens, refreshTokenOf, tokenMembers, withIdToken } from './token-answer.ts'
import type { Grant } from './token-answer.ts'
import { unusable } from './unusable.ts'
import { wire } from './wire.ts'

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
 * @example
 * ```ts
 * const refreshed = await refreshTokens(parties, { tokens: old })
 * if (refreshed.kind === 'tokens') await save(refreshed.tokens) // before anybody sees them
 * ```
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-6 RFC 6749, section 6}
 */
export function refreshTokens(parties: Parties, request: RefreshRequest): Promise<Refreshed> {
  return refreshBy(parties, request)
}

/** The same, by an exchange that somebody else may take over, or that began at `sentAt`. */
export async function refreshBy(
  parties: Parties,
  request: RefreshRequest,
  carry?: Carry,
  sentAt?: number,
): Promise<Refreshed> {
  const { tokens: previous, resource } = request
  const { refreshToken } = previous
  if (previous.tokenType === 'DPoP' && parties.proof === undefined) {
    throw configError('the tokens are bound to a DPoP key, which is not at hand.')
  }
  // What the answer is held against must be here before the refresh token is shown.
  const openid = speaksOpenID(request) ? await loaded(import('./optional.ts'), parties.world) : undefined
  // Tokens that are not stored yet must not wait for the keys.
  const prove = openid && (await openid.keysAtHand(parties)) ? openid.proveIdToken : undefined
  const { server, client, auth } = wire(parties)
  const extra = { resource, ...parties.provider.tokenRequest?.refreshParams }
  const answer = await call(parties, { endpoint: 'token', extra, carry, sentAt }, (options) =>
    refreshTokenGrantRequest(server, client, auth, refreshToken, options),
  )
  const members = tokenMembers(answer)
  try {
    return { kind: 'tokens', ...(await readGrant(parties, request, { ...answer, members }, prove)) }
  } catch (error) {
    const kept = refreshTokenOf(members)
    if (kept === undefined || kept === refreshToken || !isOAuthError(error) || isSwap(error)) throw error
    return { kind: 'defective', refreshToken: kept, error }
  }
}

/** An answer, read as JSON. */
type ReadAnswer = Answer & { readonly members: JsonMembers }

/** What the answer says, and of what it says nothing, what was known before. */
async function readGrant(
  parties: Parties,
  { tokens: previous, account }: RefreshRequest,
  answer: ReadAnswer,
  prove: ProveIdToken | undefined,
): Promise<Grant> {
  await judge(parties, answer, { idToken: false }).catch((error: unknown) => {
    throw unusable('token', error, answer.response.status)
  })
  const { members } = answer
  const tokens = readTokens(answer, members, { parties, previous })
  const claims = prove && (await provenClaims(prove, parties, answer))
  sameSubject(account, claims)
  const idToken = claims ? String(members['id_token']) : previous.idToken
  const told = accountAgain(() => readAccount(parties.provider, members, claims))
  return withIdToken(
    tokens,
    idToken,
    told === undefined ? account : { ...(!isOther(told, account) && account), ...told },
  )
}

/** Whether these are certainly two persons: what a refresh tells may be less than what was known. */
function isOther({ key }: Account, known: Account | undefined): boolean {
  return key !== undefined && known?.key !== undefined && key !== known.key
}

/** Many servers say less here than at the sign-in: a row that looks for all of it must not cost the tokens. */
function accountAgain(read: () => Account | undefined): Account | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

async function judge(
  parties: Parties,
  answer: ReadAnswer,
  options: { readonly idToken: boolean },
): Promise<TokenEndpointResponse> {
  const { server, client } = wire(parties)
  return processRefreshTokenResponse(server, client, knownMembers(answer, answer.members, options))
}

/** Claims that cannot be proven are left aside: they must not cost the tokens that came with them. */
async function provenClaims(
  prove: ProveIdToken,
  parties: Parties,
  answer: ReadAnswer,
): Promise<JsonMembers | undefined> {
  try {
    return await prove(parties, await judge(parties, answer, { idToken: true }))
  } catch {
    return undefined
  }
}

/** Whether an ID token may come with the answer. One that nobody can expect is left aside. */
function speaksOpenID({ tokens, account }: RefreshRequest): boolean {
  return tokens.idToken !== undefined || account?.subject !== undefined || tokens.scopes?.includes('openid') === true
}

const swapped = 'the refreshed ID token names another person.'

/** @see {@link https://openid.net/specs/openid-connect-core-1_0.html#RefreshTokenResponse OpenID Connect Core, section 12.2} */
function sameSubject(account: Account | undefined, claims: JsonMembers | undefined): void {
  if (claims === undefined || account?.subject === undefined) return
  if (account.subject === claims['sub'] && account.issuer === claims['iss']) return
  throw new OAuthError('invalid_response', { endpoint: 'token', reason: swapped })
}

/** Tokens of another person are not kept, not even to be refreshed. */
function isSwap(error: unknown): boolean {
  return isOAuthError(error) && error.code === 'invalid_response' && error.detail.reason === swapped
}
