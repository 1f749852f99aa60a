import type { Account, Provider } from '../contracts.ts'

/** Adds the headers that a provider wants of each API call to those that the call sets itself. */
export type AddHeaders = (headers: Headers) => void

/** Says what is added for a provider; nothing, where it wants none. */
export function apiHeaders(provider: Provider, account: () => Account | undefined): AddHeaders | undefined {
  const { apiHeaders: own = {}, apiListHeaders: lists = {}, accountHeader } = provider
  if (accountHeader === undefined && Object.keys({ ...own, ...lists }).length === 0) return undefined
  return (headers) => {
    const accountId = accountHeader === undefined ? undefined : account()?.accountId
    const single = { ...own, ...(accountHeader && isHeaderSafe(accountId) && { [accountHeader]: accountId }) }
    for (const [name, value] of Object.entries(single)) if (!headers.has(name)) headers.set(name, value)
    for (const [name, value] of Object.entries(lists)) {
      if (!listed(headers.get(name)).includes(value)) headers.append(name, value)
    }
  }
}

/** A server wrote it, and the native error about an illegal header would say so to the wrong person. */
function isHeaderSafe(value: string | undefined): value is string {
  return value !== undefined && /^[\x21-\x7e]+$/.test(value)
}

function listed(value: string | null): readonly string[] {
  return value?.split(',').map((member) => member.trim()) ?? []
}
