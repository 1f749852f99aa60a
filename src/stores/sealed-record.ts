import type { StoredRecord } from '../contracts.ts'
import { envelopePrefix, seal, unseal } from './envelope.ts'
import { frozen } from './frozen.ts'
import { readRecord, recordText } from './record-text.ts'

/** What goes into the wrapped store, and what it says. */
export interface SealedRecord {
  readonly sealed: StoredRecord
  readonly record: StoredRecord
}

/**
 * Puts a record into an envelope, and that where the access token would be. Nothing else is left in
 * the outer record, but a key pair that is kept as such.
 *
 * @throws TypeError for a key pair, unless `keepsKeys`.
 */
export async function sealRecord(
  key: CryptoKey,
  slot: string,
  { record, keepsKeys }: { readonly record: StoredRecord; readonly keepsKeys: boolean },
): Promise<SealedRecord> {
  const { proofKey, ...rest } = record
  const pair = keepsKeys ? keyPair(proofKey) : undefined
  const text = recordText(pair === undefined ? record : rest)
  const envelope = await seal(key, text, await contextOf(slot, pair))
  const read = readRecord(text)
  if (read === undefined) throw new TypeError('A change must give a record, or undefined')
  const beside = pair !== undefined && { proofKey: pair }
  return {
    sealed: { tokens: { accessToken: envelope, tokenType: 'Bearer' }, ...beside },
    record: frozen({ ...read, ...beside }),
  }
}

/** The record in an envelope, or why there is none. Whatever lies beside the envelope makes it not ours. */
export async function openRecord(
  keys: readonly CryptoKey[],
  slot: string,
  sealed: StoredRecord,
): Promise<StoredRecord | 'in clear' | 'not ours'> {
  const { tokens, proofKey, ...rest } = sealed
  const { accessToken, tokenType, ...others } = tokens
  if (!accessToken.startsWith(envelopePrefix)) return 'in clear'
  const pair = keyPair(proofKey)
  if (pair !== proofKey || tokenType !== 'Bearer' || !isEmpty(rest) || !isEmpty(others)) return 'not ours'
  const text = await unseal(keys, accessToken, await contextOf(slot, pair))
  const record = text === undefined ? undefined : readRecord(text)
  if (record === undefined) return 'not ours'
  return pair === undefined ? record : frozen({ ...record, proofKey: pair })
}

/** What an envelope belongs to: an account, and the key beside it, which can be exchanged as little. */
async function contextOf(slot: string, pair: CryptoKeyPair | undefined): Promise<readonly unknown[]> {
  if (pair === undefined) return [slot]
  const { kty, crv, x, y, n, e } = await crypto.subtle.exportKey('jwk', pair.publicKey)
  return [slot, { kty, crv, x, y, n, e }]
}

function keyPair(proofKey: StoredRecord['proofKey']): CryptoKeyPair | undefined {
  return proofKey !== undefined && 'privateKey' in proofKey ? proofKey : undefined
}

function isEmpty(fields: object): boolean {
  return Object.values(fields).every((value) => value === undefined)
}
