import { createHash } from 'node:crypto'
import type { StoredRecord } from '../contracts.ts'
import { untrustedText } from '../errors.ts'
import { slotOf } from './slot.ts'

/** What is told of an account. Stable, and without any token. */
export interface AccountRow {
  readonly provider: string
  readonly profile: string
  readonly state: 'ready' | 'expired' | 'rejected'
  /** The file or the variable it comes from. */
  readonly source: string
  readonly issuer?: string
  readonly account?: {
    readonly id?: string
    readonly name?: string
    readonly email?: string
    readonly organization?: string
  }
  readonly scopes?: readonly string[]
  /** Milliseconds since the epoch; absent when nobody knows. */
  readonly expiresAt?: number
  /** Whether it is renewed without the person. */
  readonly refreshable: boolean
}

/** Tells of a record. */
export function accountRow(key: string, record: StoredRecord, source: string): AccountRow {
  const { id, profile = 'default' } = slotOf(key)
  const { tokens, issuer, account } = record
  const rejected = isRejected(record)
  const refreshable = tokens.refreshToken !== undefined && !rejected
  const good = refreshable || (tokens.expiresAt ?? Infinity) > Date.now()
  return {
    provider: clean(id),
    profile: clean(profile),
    state: rejected ? 'rejected' : good ? 'ready' : 'expired',
    source,
    ...(issuer !== undefined && { issuer }),
    ...(account && {
      account: shown({
        id: account.accountId ?? account.subject,
        name: account.name,
        email: account.email,
        organization: account.organization,
      }),
    }),
    ...(tokens.scopes && { scopes: tokens.scopes.map(clean) }),
    ...(tokens.expiresAt !== undefined && { expiresAt: tokens.expiresAt }),
    refreshable,
  }
}

/** Whether the server has refused this very refresh token. */
export function isRejected({ tokens, dead }: StoredRecord): boolean {
  if (dead === undefined || tokens.refreshToken === undefined) return false
  return dead.hash === createHash('sha256').update(tokens.refreshToken).digest('base64url')
}

function clean(text: string): string {
  return untrustedText(text) ?? ''
}

/** Text that a server wrote, fit to be shown; without what is not there. */
function shown(fields: Readonly<Record<string, string | undefined>>): NonNullable<AccountRow['account']> {
  const clean = Object.entries(fields).map(([name, text]) => [name, untrustedText(text)] as const)
  return Object.fromEntries(clean.filter(([, text]) => text !== undefined))
}
