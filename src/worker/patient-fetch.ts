import type { Clock, Fetch } from '../contracts.ts'
import { retryAfter } from '../core/retry-after.ts'
import { freshMap } from './fresh-map.ts'

/** The longest time that a server can make us wait, in milliseconds. */
const longest = 600_000

/**
 * Gives each account a `fetch` that asks no server for its tokens before the time that it has named (`Retry-After`),
 * whichever request they are for: each has a client of its own, which knows of no other's.
 */
export function patientFetch(fetch: Fetch, clock: Pick<Clock, 'now'>): (account: string) => Fetch {
  const refusals = freshMap<Refusal>({ clock, freshFor: longest })
  return (account) => async (input, init) => {
    if (init?.method !== 'POST' || isApiCall(init)) return fetch(input, init)
    const key = `${account} ${String(input)}`
    const known = refusals.get(key)
    if (known !== undefined && clock.now() < known.until) return again(known)
    const response = await fetch(input, init)
    const { status, headers } = response
    const until = status === 429 || status === 503 ? retryAfter(headers, clock.now()) : undefined
    if (until !== undefined) refusals.set(key, { status, until })
    return response
  }
}

/** That a server wants to be left alone, until when, in milliseconds since the epoch. */
interface Refusal {
  readonly status: number
  readonly until: number
}

/** An API's limits are for its callers to keep: its answers go to them. */
function isApiCall({ headers }: RequestInit): boolean {
  return /^(Bearer|DPoP) /.test(new Headers(headers).get('authorization') ?? '')
}

function again({ status, until }: Refusal): Response {
  return new Response('', { status, headers: { 'retry-after': new Date(until).toUTCString() } })
}
