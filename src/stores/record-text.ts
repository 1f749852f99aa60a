import type { StoredRecord } from '../contracts.ts'
import { frozen } from './frozen.ts'

/**
 * A record as JSON, for stores that keep text.
 *
 * @throws TypeError for a `proofKey` that is a key pair: its private half would be lost without a word.
 */
export function recordText(record: StoredRecord): string {
  if (record.proofKey !== undefined && 'privateKey' in record.proofKey) {
    throw new TypeError('This store keeps JSON only: the proofKey must be a JsonWebKey')
  }
  return JSON.stringify(record)
}

/** The record that `recordText` wrote, frozen; `undefined` when the text is no record. */
export function readRecord(text: string): StoredRecord | undefined {
  try {
    // JSON says `null` for a number that is none.
    const value: unknown = JSON.parse(text, (_, item: unknown) => (item === null ? undefined : item))
    return isRecord(value) ? frozen(value) : undefined
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is StoredRecord {
  if (typeof value !== 'object' || value === null || !('tokens' in value)) return false
  const { tokens } = value
  return (
    typeof tokens === 'object' &&
    tokens !== null &&
    'accessToken' in tokens &&
    typeof tokens.accessToken === 'string' &&
    'tokenType' in tokens &&
    (tokens.tokenType === 'Bearer' || tokens.tokenType === 'DPoP')
  )
}
