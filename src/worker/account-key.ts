import { generateState } from '../core/index.ts'

/**
 * The account slot of one session: a random name that says itself when the session is over, so that what
 * a lost cookie leaves behind in the store can be found and ended.
 */
export function newAccount(expiresAt: number): string {
  return `${Math.ceil(expiresAt).toString(36)}.${generateState()}`
}

/** When the session of this slot is over, in milliseconds since the epoch; `undefined` for another kind of slot. */
export function accountExpiry(account: string): number | undefined {
  const [, expiry] = /^([0-9a-z]{7,11})\.[\w-]{43}$/.exec(account) ?? []
  return expiry === undefined ? undefined : Number.parseInt(expiry, 36)
}

/** The store key of an account slot. */
export function slotOf(provider: string, account: string): string {
  return account === 'default' ? provider : `${provider}@${account}`
}

/** The account of a store key; `undefined` for another provider's. */
export function accountOf(provider: string, slot: string): string | undefined {
  if (slot === provider) return 'default'
  return slot.startsWith(`${provider}@`) ? slot.slice(provider.length + 1) : undefined
}
