import { generateState } from '../core/authorize.ts'
import { isOAuthError, OAuthError } from '../errors.ts'
import { createSession } from '../lifecycle/session.ts'
import type { Session } from '../lifecycle/session.ts'
import { untilAborted } from '../core/wait.ts'
import { askUserInfo } from './ask-user-info.ts'
import type { Client, ClientOptions } from './client.ts'
import { createConnection } from './connection.ts'
import type { Connection } from './connection.ts'
import { longest, readOptions } from './options.ts'
import type { Config } from './options.ts'
import { checkKinds, ownOptions } from './own-options.ts'
import { signIn } from './sign-in.ts'
import { revokeAll, revokeRecord, signOut } from './sign-out.ts'
import { snapshotBoard } from './snapshot.ts'
import type { SnapshotBoard } from './snapshot.ts'
import { tokenAccess } from './token-access.ts'

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
  return openClient(options).client
}

/** A client and what it is made of. */
export interface OpenedClient {
  readonly client: Client
  readonly config: Config
  readonly connection: Connection
  readonly session: Session
}

/** Makes a client, and shows its parts to a composition that adds to it. */
export function openClient(options: ClientOptions): OpenedClient {
  let disposed = false
  const read = readOptions(options)
  const config: Config = { ...read, onEvent: (event) => void (disposed || read.onEvent(event)) }
  const connection = createConnection(config)
  const board: SnapshotBoard = snapshotBoard(() => attend(config, session, board))
  const session = openSession(config, connection, board)

  const client: Client = {
    provider: config.provider,
    ...signIn({ config, connection, session }),
    ...tokenAccess(config, connection, session, board.record),
    userInfo: async (wishes) => {
      const { signal } = ownOptions('userInfo', wishes)
      return unlessAborted(signal, () => askUserInfo(connection, session))
    },
    signOut: async (wishes) => {
      const own = ownOptions('signOut', wishes)
      checkKinds(own, { revoke: 'boolean' })
      return unlessAborted(own.signal, () => signOut(session, connection, own.revoke ?? true))
    },
    revoke: async (wishes) => {
      const { signal } = ownOptions('revoke', wishes)
      return unlessAborted(signal, () => revokeAll(session, connection))
    },
    getSnapshot: board.get,
    subscribe: board.subscribe,
    readable: board.readable,
    dispose() {
      disposed = true
      board.close()
    },
  }
  return { client, config, connection, session }
}

function unlessAborted<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  if (signal?.aborted === true) return Promise.reject(new OAuthError('aborted', {}))
  return untilAborted(work(), signal)
}

/** The first listener makes us look, and keep looking until the last has gone. */
function attend({ store, slot }: Config, session: Session, board: SnapshotBoard): () => void {
  const reload = (): void =>
    void session.reload().catch((error: unknown) => board.trouble(isOAuthError(error) ? error.code : 'store_denied'))
  const unwatch = store.watch?.(slot, reload)
  reload()
  return () => unwatch?.()
}

function openSession(config: Config, connection: Connection, board: SnapshotBoard): Session {
  const { store, slot, world, policy, lockTimeout } = config
  let name: string | undefined
  return createSession({
    store,
    key: slot,
    clock: world.clock,
    policy,
    // Drawn late: Workers have no randomness while a module is being loaded.
    get owner() {
      return (name ??= generateState())
    },
    lockTimeout,
    // A lock, a request and its one repeat, and the store's own work.
    patience: Math.min(longest, lockTimeout + 2 * world.timeout + 10_000),
    present: connection.present,
    discard: (record) => revokeRecord(connection, record).catch(() => undefined),
    onChange: board.show,
    onEvent: config.onEvent,
  })
}
