import type { Clock, Fetch } from '../contracts.ts'
import { jsonMembers } from '../core/json.ts'
import { freshMap } from './fresh-map.ts'
import { readText } from '../core/read-text.ts'

/** How long a server's metadata is taken from memory, in milliseconds; and its keys, among which one may be missed. */
const [freshFor, keysFreshFor] = [600_000, 60_000]

/** The longest document that is looked at, in bytes. */
const longest = 1_048_576

/** A `fetch` that remembers the metadata of servers (RFC 8414) as text, since each request has a client of its own. */
export function rememberingFetch(fetch: Fetch, clock: Pick<Clock, 'now'>): Fetch {
  const metadata = freshMap<Published>({ clock, freshFor, limit: 8 })
  const others = freshMap<Published>({ clock, freshFor: keysFreshFor, limit: 8 })
  return async (input, init) => {
    const url = String(input)
    if ((init?.method ?? 'GET') !== 'GET' || !isPublished(url, init)) return fetch(input, init)
    const known = /\/(openid-configuration|oauth-authorization-server)/.test(url) ? metadata : others
    const remembered = known.get(url)
    if (remembered !== undefined) return documentOf(remembered)
    const response = await fetch(input, init)
    if (response.status !== 200) return response
    const text = await readText(response, longest)
    if (text === undefined) return new Response('', { status: 502 })
    const read = { text, type: response.headers.get('content-type') ?? '' }
    // A page of somebody in between, or half of the document, is the answer for once.
    if (jsonMembers(text) !== undefined) known.set(url, read)
    return documentOf(read)
  }
}

/** Whether a server publishes this for everybody. An API's answer is for one person, wherever it lies. */
function isPublished(url: string, init: RequestInit | undefined): boolean {
  return url.includes('/.well-known/') && !new Headers(init?.headers).has('authorization')
}

interface Published {
  readonly text: string
  readonly type: string
}

function documentOf({ text, type }: Published): Response {
  return new Response(text, { headers: { 'content-type': type } })
}
