import { isOAuthError, OAuthError } from '../errors.ts'
import { accountExpiry, accountOf, slotOf } from './account-key.ts'
import type { Desk } from './desk.ts'
import type { RefreshDueOptions, RefreshDueReport } from './worker-options.ts'

/** How many accounts are looked after at once. */
const atOnce = 4

/** Renews what would end soon, and ends what is over. */
export async function refreshDue(desk: Desk, options: RefreshDueOptions): Promise<RefreshDueReport> {
  const { within, signal } = options
  if (!Number.isFinite(within) || within < 0) throw new TypeError('within must be a number of milliseconds, 0 or more.')
  const { client, onError } = desk.config
  const accounts = (await client.store.keys()).flatMap((slot) => accountOf(client.provider.id, slot) ?? [])
  const done = { refreshed: 0, ended: 0 }
  const failed: Record<string, number> = {}

  async function work(): Promise<void> {
    for (let account = accounts.pop(); account !== undefined; account = accounts.pop()) {
      if (signal?.aborted === true) throw new OAuthError('aborted', {})
      try {
        const outcome = await lookAfter(desk, account, options)
        if (outcome !== undefined) done[outcome]++
      } catch (error) {
        onError(error)
        const code = isOAuthError(error) ? error.code : 'internal'
        failed[code] = (failed[code] ?? 0) + 1
      }
    }
  }

  await Promise.all(Array.from({ length: atOnce }, work))
  return { ...done, failed }
}

async function lookAfter(
  { config, clients }: Desk,
  account: string,
  { within, signal }: RefreshDueOptions,
): Promise<'refreshed' | 'ended' | undefined> {
  const now = config.client.clock.now()
  // Nobody waits for an answer here, so that nothing need go on after one.
  const client = clients.open(account, () => undefined)
  if ((accountExpiry(account) ?? Infinity) <= now) {
    await client.signOut()
    return 'ended'
  }
  const record = await clients.store.get(slotOf(config.client.provider.id, account))
  const { refreshToken, expiresAt = Infinity, accessToken } = record?.tokens ?? {}
  if (refreshToken === undefined || record?.dead !== undefined || expiresAt - now > within) return undefined
  const renewed = await client.getToken({ minValidity: within, ...(signal !== undefined && { signal }) })
  return renewed.accessToken === accessToken ? undefined : 'refreshed'
}
