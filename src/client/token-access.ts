import type { GetTokenOptions, StoredRecord, TokenSet } from '../contracts.ts'
import type { Proof } from '../core/call.ts'
import { isOAuthError } from '../errors.ts'
import type { Need } from '../lifecycle/decide.ts'
import type { Session } from '../lifecycle/session.ts'
import { apiHeaders } from './api-headers.ts'
import { authorizedFetch } from './authorized-fetch.ts'
import type { Client } from './client.ts'
import type { Connection } from './connection.ts'
import type { Config } from './options.ts'
import { checkKinds, ownOptions } from './own-options.ts'

/** What a client gives to whoever calls an API. */
export type TokenAccess = Pick<Client, 'getToken' | 'getAccessToken' | 'fetch' | 'token' | 'onUnauthorized'>

/** A token that is good now. */
export const now: Need = { minValidity: 0, force: false }

/** Makes the ways to a token. */
export function tokenAccess(
  config: Config,
  connection: Connection,
  session: Session,
  record: () => StoredRecord | undefined,
): TokenAccess {
  /** The token that `token()` last gave away: the one that an `onUnauthorized` speaks of. */
  let given: string | undefined

  const getToken = async (options?: GetTokenOptions): Promise<TokenSet> => {
    if (options === undefined) return session.getTokens(now)
    const { signal, ...wishes } = ownOptions('getToken', options)
    return session.getTokens(readNeed(wishes), signal)
  }

  return {
    getToken,
    async getAccessToken(options) {
      const tokens = options === undefined ? session.atHand(now) : undefined
      return (tokens ?? (await getToken(options))).accessToken
    },
    fetch: authorizedFetch({
      fetch: config.world.fetch,
      apiOrigins: config.apiOrigins,
      addHeaders: apiHeaders(config.provider, () => record()?.account),
      atHand: () => session.atHand(now),
      tokens: (refused, signal) => session.getTokens(refused === undefined ? now : { ...now, refused }, signal),
      proof: prover(connection, session, record),
    }),
    async token() {
      try {
        given = (await getToken()).accessToken
        return given
      } catch (error) {
        if (isOAuthError(error) && error.code === 'sign_in_required') return undefined
        throw error
      }
    },
    async onUnauthorized() {
      await session.getTokens(given === undefined ? { ...now, force: true } : { ...now, refused: given })
    },
  }
}

function readNeed(options: Omit<GetTokenOptions, 'signal'>): Need {
  checkKinds(options, { forceRefresh: 'boolean' })
  const { minValidity = 0, forceRefresh = false } = options
  if (!Number.isFinite(minValidity) || minValidity < 0) {
    throw new TypeError('minValidity must be a number of milliseconds, 0 or more.')
  }
  return { minValidity, force: forceRefresh }
}

/** The key of the token at hand is at hand too, whatever has become of the store; that of another is asked for there. */
function prover(
  connection: Connection,
  session: Session,
  record: () => StoredRecord | undefined,
): (tokens: TokenSet) => Promise<Proof | undefined> {
  return async ({ accessToken }) => {
    const seen = record()
    const held = seen?.tokens.accessToken === accessToken ? seen : await session.reload()
    return connection.proof(held?.proofKey)
  }
}
