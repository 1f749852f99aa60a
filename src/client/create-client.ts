import type { GetTokenOptions, TokenSet } from '../contracts.ts'
import { userInfo } from '../core/index.ts'
import { isOAuthError, OAuthError } from '../errors.ts'
import type { Need } from '../lifecycle/decide.ts'
import { createSession } from '../lifecycle/session.ts'
import type { Session } from '../lifecycle/session.ts'
import { untilAborted } from '../lifecycle/wait.ts'
import { authorizedFetch } from './authorized-fetch.ts'
import type { Client, ClientOptions } from './client.ts'
import { createConnection } from './connection.ts'
import type { Connection } from './connection.ts'
import { readOptions } from './options.ts'
import type { Config } from './options.ts'
import { signIn } from './sign-in.ts'
import { revokeRecord, signOut } from './sign-out.ts'
import { snapshotBoard } from './snapshot.ts'
import type { SnapshotBoard } from './snapshot.ts'

/**
 * Makes a client: one application's handle on one provider and one account slot. Does no I/O.
 *
 * Tokens are refreshed before they end, once for all who need them, and never lost to a race: a
 * refresh holds the store's lock, and its result is stored before anyone sees it.
 *
 * Errors: `config`, and `TypeError` for what a compiler would have refused.
 *
 * @example
 * ```ts
 * const client = createClient({
 *   provider: oidc({ issuer: 'https://id.example.com' }),
 *   clientId: 'spa',
 *   redirectUri: 'https://app.example.com/callback',
 *   apiOrigins: ['https://api.example.com'],
 * })
 * const { url } = await client.start({ appState: { returnTo: '/inbox' } }) // send the person there
 * const { appState } = await client.finish(callbackUrl) // when they come back
 * const response = await client.fetch('https://api.example.com/me')
 * ```
 */
export function createClient(options: ClientOptions): Client {
  const config = readOptions(options)
  const connection = createConnection(config)
  const board: SnapshotBoard = snapshotBoard(() => watch())
  const session = openSession(config, connection, board)
  const ways = signIn({ config, connection, session })
  let unwatch: (() => void) | undefined

  /** The first listener makes us look, and keep looking. */
  function watch(): void {
    const reload = (): void => void session.reload().catch(() => undefined)
    unwatch ??= config.store.watch?.(config.slot, reload)
    reload()
  }

  return {
    provider: config.provider,
    ...ways,
    ...tokenSide(config, connection, session),
    signOut: ({ revoke = true, signal } = {}) => untilAborted(signOut(session, connection, revoke), signal),
    revoke: ({ signal } = {}) => untilAborted(revokeAll(session, connection), signal),
    getSnapshot: board.get,
    subscribe: board.subscribe,
    readable: board.readable,
    dispose() {
      unwatch?.()
      unwatch = undefined
      board.clear()
    },
  }
}

function openSession(config: Config, connection: Connection, board: SnapshotBoard): Session {
  const { store, slot, world, policy, lockTimeout } = config
  return createSession({
    store,
    key: slot,
    clock: world.clock,
    policy,
    owner: crypto.randomUUID(),
    lockTimeout,
    // A lock, a request and its one repeat, and the store's own work.
    patience: lockTimeout + 2 * world.timeout + 10_000,
    present: connection.present,
    discard: (record) => revokeRecord(connection, record).catch(() => undefined),
    onChange: board.show,
    onEvent: config.onEvent,
  })
}

type TokenSide = Pick<Client, 'getToken' | 'getAccessToken' | 'fetch' | 'token' | 'onUnauthorized' | 'userInfo'>

const now: Need = { minValidity: 0, force: false }

function tokenSide(config: Config, connection: Connection, session: Session): TokenSide {
  /** The token that `token()` last gave away: the one that an `onUnauthorized` speaks of. */
  let given: string | undefined

  const getToken = (options: GetTokenOptions = {}): Promise<TokenSet> =>
    session.getTokens({ minValidity: options.minValidity ?? 0, force: options.forceRefresh ?? false }, options.signal)

  return {
    getToken,
    getAccessToken: async (options) => (await getToken(options)).accessToken,
    fetch: authorizedFetch({
      fetch: config.world.fetch,
      apiOrigins: config.apiOrigins,
      apiHeaders: config.provider.apiHeaders,
      atHand: () => session.atHand(now),
      tokens: (refused, signal) => session.getTokens(refused === undefined ? now : { ...now, refused }, signal),
      proof: async () => connection.proof((await session.reload())?.proofKey),
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
    userInfo: ({ signal } = {}) => untilAborted(askUserInfo(connection, session), signal),
  }
}

async function askUserInfo(connection: Connection, session: Session): Promise<Readonly<Record<string, unknown>>> {
  const tokens = await session.getTokens(now)
  try {
    return await askOnce(connection, session, tokens)
  } catch (error) {
    if (!isOAuthError(error) || !('status' in error.detail) || error.detail.status !== 401) throw error
    return askOnce(connection, session, await session.getTokens({ ...now, refused: tokens.accessToken }))
  }
}

async function askOnce(
  connection: Connection,
  session: Session,
  tokens: TokenSet,
): Promise<Readonly<Record<string, unknown>>> {
  const record = await session.reload()
  const parties = await connection.parties(record)
  if (parties.server.userinfo_endpoint === undefined) {
    throw new OAuthError('unsupported', { what: 'the server has no userinfo endpoint.' })
  }
  return userInfo(parties, { tokens, ...(record?.account !== undefined && { account: record.account }) })
}

async function revokeAll(session: Session, connection: Connection): Promise<void> {
  const record = await session.reload()
  if (record === undefined) throw new OAuthError('sign_in_required', { reason: 'absent' })
  await revokeRecord(connection, record)
  await session.end()
}
