import type { Provider } from '../contracts.ts'

/** A provider's row with all its addresses moved to `origin`; paths and queries stay. */
export function relocated(row: Provider, origin: string): Provider {
  const { endpoints, issuer, redirect, apiOrigins } = row
  const move = (address: string): string => {
    const { pathname, search } = new URL(address)
    return origin + pathname + search
  }
  const moved = Object.entries(endpoints ?? {}).map(([name, address]) => [name, move(address)] as const)
  return {
    ...row,
    ...(issuer !== undefined && { issuer: move(issuer).replace(/\/$/, '') }),
    ...(endpoints !== undefined && { endpoints: Object.fromEntries(moved) as Provider['endpoints'] & object }),
    ...(redirect && {
      redirect: { ...redirect, ...(redirect.hosted !== undefined && { hosted: move(redirect.hosted) }) },
    }),
    ...(apiOrigins !== undefined && { apiOrigins: [origin] }),
  }
}
