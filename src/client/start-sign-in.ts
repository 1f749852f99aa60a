import { authorizationUrl, beginTransaction } from '../core/authorize.ts'
import { configError } from '../errors.ts'
import type { StartedSignIn, StartOptions } from './client.ts'
import { readScopes } from './options.ts'
import { checkKinds } from './own-options.ts'
import type { SignInParts } from './settle-grant.ts'

/** Stores a transaction and gives the URL to visit. */
export async function startSignIn({ config, connection }: SignInParts, options: StartOptions): Promise<StartedSignIn> {
  checkKinds(options, {
    scopes: 'strings',
    resource: 'string',
    redirectUri: 'string',
    authorizationParams: 'texts',
  })
  const { appState, authorizationParams, signal } = options
  const redirectUri = options.redirectUri ?? config.redirectUri
  if (redirectUri === undefined) throw configError('there is no redirectUri.')
  const scopes = options.scopes === undefined ? config.scopes : readScopes(options.scopes)
  const resource = options.resource ?? config.resource
  const params = authorizationParams === undefined ? {} : { params: { ...authorizationParams } }
  const kept = appState === undefined ? {} : { appState: plainJson(appState) }
  const proofKey = await connection.newProofKey(config.transactions)
  const bound = proofKey === undefined ? {} : { proofKey }
  const parties = await connection.parties(bound)
  const transaction = beginTransaction(parties, {
    slot: config.slot,
    redirectUri,
    scopes,
    ...(resource !== undefined && { resource }),
    ...params,
    ...kept,
    ...bound,
    lifetime: config.transactionTimeout,
  })
  const { url, expiresAt } = await authorizationUrl(parties, transaction, {
    ...params,
    pushed: config.pushedAuthorization || parties.server.require_pushed_authorization_requests === true,
    ...(signal !== undefined && { signal }),
  })
  await config.transactions.put(transaction)
  return { url, state: transaction.state, expiresAt }
}

/** `appState` travels through JSON in most stores; so it does in all. */
function plainJson(appState: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(appState, (_, value: unknown) => jsonOnly(value)))
  } catch {
    throw new TypeError('appState must be what JSON can hold.')
  }
}

/** What JSON would drop or empty without a word is refused, but for members that are not there. */
function jsonOnly(value: unknown): unknown {
  if (value === undefined || value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (Number.isFinite(value) || Array.isArray(value)) return value
  const prototype: unknown = typeof value === 'object' ? Object.getPrototypeOf(value) : value
  // Also the plain objects of another realm.
  if (prototype === null || (typeof prototype === 'object' && Object.getPrototypeOf(prototype) === null)) return value
  throw new TypeError('JSON cannot hold this.')
}
