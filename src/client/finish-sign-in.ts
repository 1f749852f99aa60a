import type { StoredRecord, Transaction } from '../contracts.ts'
import { arrivedAt, checkCallback } from '../core/callback.ts'
import { exchangeCode } from '../core/exchange.ts'
import type { ParsedCallback } from '../core/callback.ts'
import type { Server } from '../core/server.ts'
import { loaded } from '../core/loaded.ts'
import { OAuthError } from '../errors.ts'
import type { SignInResult } from './client.ts'
import type { Config } from './options.ts'
import { settleGrant } from './settle-grant.ts'
import type { SignInParts } from './settle-grant.ts'

/** A transaction that was taken for a callback, and the server that it speaks of. */
export interface Claim {
  readonly transaction: Transaction
  readonly server: Server
}

/**
 * Takes the transaction that a callback belongs to. One of another client, or another address, stays;
 * so does one whose server cannot be asked for just now, so that the callback can be tried again.
 *
 * Gives `undefined` where there is none for this client.
 */
export async function claimTransaction(
  { config, connection }: SignInParts,
  callback: ParsedCallback,
  state: string,
): Promise<Claim | undefined> {
  const { transactions, world } = config
  const transaction = await transactions.take(state)
  if (transaction === undefined || transaction.state !== state) return undefined
  if (!isOurs(transaction, config)) {
    await transactions.put(transaction)
    return undefined
  }
  if (callback.url !== undefined && !arrivedAt(callback.url, transaction.redirectUri)) {
    await transactions.put(transaction)
    throw new OAuthError('invalid_callback', { reason: 'it did not arrive at the redirect URI of this sign-in.' })
  }
  if (world.clock.now() >= transaction.expiresAt) {
    throw new OAuthError('transaction_expired', { after: transaction.expiresAt - transaction.startedAt })
  }
  try {
    // What the answer will be held against must be here before the transaction is used up.
    if (transaction.nonce !== undefined) await loaded(import('../core/optional.ts'), world)
    return { transaction, server: await connection.server() }
  } catch (error) {
    await transactions.put(transaction)
    throw error
  }
}

/** One transaction store may serve many clients, also of one server. */
function isOurs(transaction: Transaction, { slot, policy, clientId }: Config): boolean {
  return transaction.slot === slot && transaction.issuer === policy.issuer && transaction.clientId === clientId
}

/** Checks the callback against its transaction, exchanges the code, once, and stores what comes. */
export async function finishSignIn(
  parts: SignInParts,
  parsed: ParsedCallback,
  { transaction, server }: Claim,
): Promise<SignInResult> {
  const { config, connection } = parts
  const callback = checkCallback(parsed, transaction, server, config.provider)
  const proofKey = await announcedKey(parts, transaction)
  const identity = { clientId: callback.clientId, ...(proofKey !== undefined && { proofKey }) }
  const parties = await connection.parties(identity)
  const grant = await exchangeCode(parties, transaction, callback)
  const result = await settleGrant(parts, { ...grant, ...identity }, transaction.scopes)
  return transaction.appState === undefined ? result : { ...result, appState: transaction.appState }
}

/** The key that the server was told of at the start. With another one, or none, the code is worth nothing. */
async function announcedKey(
  { config, connection }: SignInParts,
  { proofKey }: Transaction,
): Promise<StoredRecord['proofKey']> {
  if (proofKey === undefined && !config.dpop) return undefined
  const key = proofKey && (await connection.storable(proofKey).catch(() => undefined))
  if (key === undefined) throw new OAuthError('transaction_missing', {})
  return key
}
