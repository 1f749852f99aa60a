import type { StoredRecord, Transaction } from '../contracts.ts'
import {
  arrivedAt,
  authorizationUrl,
  authorizeDevice,
  beginTransaction,
  checkCallback,
  exchangeCode,
  parseCallback,
  pollDevice,
} from '../core/index.ts'
import type { Grant, ParsedCallback, Parties } from '../core/index.ts'
import { OAuthError } from '../errors.ts'
import type { Session } from '../lifecycle/session.ts'
import { untilAborted } from '../lifecycle/wait.ts'
import type {
  Callback,
  DeviceOptions,
  DeviceSignIn,
  FinishOptions,
  SignInResult,
  StartedSignIn,
  StartOptions,
} from './client.ts'
import type { Connection } from './connection.ts'
import { readScopes } from './options.ts'
import type { Config } from './options.ts'

/** The ways to sign in. */
export interface SignIn {
  start(options?: StartOptions): Promise<StartedSignIn>
  finish(callback: Callback, options?: FinishOptions): Promise<SignInResult>
  device(options?: DeviceOptions): Promise<DeviceSignIn>
}

/** How many callbacks are remembered, so that one that comes twice gets the same answer. */
const remembered = 32

interface SignInParts {
  readonly config: Config
  readonly connection: Connection
  readonly session: Session
}

/** Makes the ways to sign in. */
export function signIn(parts: SignInParts): SignIn {
  const { config } = parts
  const finished = new Map<string, Promise<SignInResult>>()
  const started = new Map<string, number>()

  return {
    start: async (options = {}) => {
      const begun = await untilAborted(start(parts, options), options.signal)
      limited(started, begun.state, config.world.clock.now() + config.transactionTimeout)
      return begun
    },

    async finish(callback, options = {}) {
      const parsed = parseCallback(callback)
      const name = parsed.params.toString()
      const known = finished.get(name)
      if (known !== undefined) return untilAborted(known, options.signal)
      const state = parsed.params.get('state') ?? ''
      if (state === '') throw new OAuthError('state_mismatch', { reason: 'missing' })
      const transaction = await takeTransaction(config, parsed, state)
      // A second call may have come while the store was asked.
      const twin = finished.get(name)
      if (transaction === undefined) {
        if (twin !== undefined) return untilAborted(twin, options.signal)
        throw unknownState(
          config,
          started.get(state),
          [...finished.keys()].some((key) => key.includes(state)),
        )
      }
      const result = finish(parts, parsed, transaction)
      limited(finished, name, result)
      return untilAborted(result, options.signal)
    },

    device: (options = {}) => untilAborted(device(parts, options), options.signal),
  }
}

function limited<V>(map: Map<string, V>, key: string, value: V): void {
  map.set(key, value)
  for (const oldest of map.keys()) {
    if (map.size <= remembered) break
    map.delete(oldest)
  }
}

async function start({ config, connection }: SignInParts, options: StartOptions): Promise<StartedSignIn> {
  const redirectUri = options.redirectUri ?? config.redirectUri
  if (redirectUri === undefined) throw new OAuthError('config', { reason: 'there is no redirectUri.' })
  const parties = await connection.parties()
  const resource = options.resource ?? config.resource
  const { appState } = options
  const transaction = beginTransaction(parties, {
    slot: config.slot,
    redirectUri,
    scopes: options.scopes === undefined ? config.scopes : readScopes(options.scopes),
    ...(resource !== undefined && { resource }),
    ...(appState !== undefined && { appState: plainJson(appState) }),
    lifetime: config.transactionTimeout,
  })
  const { url, expiresAt } = await authorizationUrl(parties, transaction, {
    ...(options.authorizationParams !== undefined && { params: options.authorizationParams }),
    pushed: config.pushedAuthorization || parties.server.require_pushed_authorization_requests === true,
  })
  await config.transactions.put(transaction)
  return { url, state: transaction.state, expiresAt }
}

/** `appState` travels through JSON in most stores; so it does in all. */
function plainJson(appState: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(appState))
  } catch {
    throw new TypeError('appState must be what JSON can hold.')
  }
}

/** The transaction that this callback belongs to, taken; one of another client, or another address, stays. */
async function takeTransaction(
  config: Config,
  parsed: ParsedCallback,
  state: string,
): Promise<Transaction | undefined> {
  const transaction = await config.transactions.take(state)
  if (transaction === undefined) return undefined
  if (transaction.slot !== config.slot || transaction.issuer !== config.policy.issuer) {
    await config.transactions.put(transaction)
    return undefined
  }
  if (parsed.url !== undefined && !arrivedAt(parsed.url, transaction.redirectUri)) {
    await config.transactions.put(transaction)
    throw new OAuthError('invalid_callback', { reason: 'it did not arrive at the redirect URI of this sign-in.' })
  }
  return transaction
}

function unknownState(config: Config, expiresAt: number | undefined, done: boolean): OAuthError {
  if (done) return new OAuthError('transaction_missing', {})
  if (expiresAt !== undefined && config.world.clock.now() >= expiresAt) {
    return new OAuthError('transaction_expired', { after: config.transactionTimeout })
  }
  return new OAuthError('state_mismatch', { reason: 'unknown' })
}

async function finish(parts: SignInParts, parsed: ParsedCallback, transaction: Transaction): Promise<SignInResult> {
  const { config, connection } = parts
  if (config.world.clock.now() >= transaction.expiresAt) {
    throw new OAuthError('transaction_expired', { after: transaction.expiresAt - transaction.startedAt })
  }
  const server = await connection.server()
  const callback = checkCallback(parsed, transaction, server, config.provider)
  const proofKey = await connection.newProofKey()
  const identity = { clientId: callback.clientId, ...(proofKey !== undefined && { proofKey }) }
  const parties = await connection.parties(identity)
  const grant = await exchangeCode(parties, transaction, callback)
  const result = await settle(parts, { ...grant, ...identity }, transaction.scopes)
  return transaction.appState === undefined ? result : { ...result, appState: transaction.appState }
}

/** Stores what a sign-in brought. */
async function settle(
  { config, session }: SignInParts,
  granted: Grant & Pick<StoredRecord, 'clientId' | 'proofKey'>,
  asked: readonly string[],
): Promise<SignInResult> {
  const { account, tokens } = granted
  const saved = await session.begin({ ...granted, issuer: config.policy.issuer })
  const who = account === undefined ? {} : { account }
  config.onEvent({ type: 'signed-in', ...who })
  return {
    ...who,
    ...(tokens.scopes !== undefined && { scopes: tokens.scopes }),
    missingScopes: tokens.scopes === undefined ? [] : asked.filter((scope) => !tokens.scopes?.includes(scope)),
    ...(tokens.expiresAt !== undefined && { expiresAt: tokens.expiresAt }),
    saved,
  }
}

async function device(parts: SignInParts, options: DeviceOptions): Promise<DeviceSignIn> {
  const { config, connection } = parts
  const scopes = options.scopes === undefined ? config.scopes : readScopes(options.scopes)
  const resource = options.resource ?? config.resource
  const proofKey = await connection.newProofKey()
  const identity = { clientId: config.clientId, ...(proofKey !== undefined && { proofKey }) }
  const parties: Parties = await connection.parties(identity)
  const authorization = await authorizeDevice(parties, { scopes, ...(resource !== undefined && { resource }) })
  const { userCode, verificationUri, verificationUriComplete, expiresAt } = authorization
  return {
    userCode,
    verificationUri,
    ...(verificationUriComplete !== undefined && { verificationUriComplete }),
    expiresAt,
    async wait({ signal } = {}) {
      const grant = await pollDevice(parties, authorization, { scopes, ...(signal && { signal }) })
      return settle(parts, { ...grant, ...identity }, scopes)
    },
  }
}
