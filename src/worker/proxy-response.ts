import { addAllowed, type CommonHeaders, type HeaderLists } from './proxy-headers.ts'
import { type ProxyRefusal, refusal } from './proxy-refusal.ts'

/** The statuses that send a caller elsewhere (RFC 9110 §15.4). */
const redirects = [301, 302, 303, 307, 308]

/** The statuses whose answer has no body (Fetch, "null body status"). */
const bodiless = [204, 205, 304]

/** Upstream's answer for the caller: its status and its body as they come, and headers that are allowed. */
export function answer(response: Response, rule: HeaderLists, common: CommonHeaders): Response {
  const { status } = response
  if (redirects.includes(status)) return dropped(response, 'upstream_redirected', common)
  // A redirect that the platform hides, a switch of protocols, which nobody has asked for, or what no platform can say.
  if (status < 200 || status > 599) {
    const hidden = response.type === 'opaqueredirect'
    return dropped(response, hidden ? 'upstream_redirected' : 'upstream_unreachable', common)
  }
  const ours = ownAnswer(common)
  // The reason phrase is upstream's text, and nobody reads it. Platforms copy an answer of their own faster than
  // they read the members of an object. Not every server's own kind of answer copies the headers that it is given.
  const init = status === 200 ? ours : { status, headers: new Headers(ours.headers) }
  const answered = new Response(bodiless.includes(status) ? null : response.body, init)
  addAllowed(answered.headers, response.headers, rule)
  return answered
}

/** Answers without a body, by the common headers that they go with. */
const own = new WeakMap<CommonHeaders, Response>()

/** What every answer of upstream's is made from: a user's data, for a script, and to be kept by nobody. */
function ownAnswer(common: CommonHeaders): Response {
  const known = own.get(common)
  if (known !== undefined) return known
  const headers = {
    ...common,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    // Whoever opens an answer as a page of this origin gets no page that could act in it.
    'content-security-policy': "default-src 'none'; sandbox",
    'cross-origin-resource-policy': 'same-origin',
  }
  const made = new Response(null, { headers })
  own.set(common, made)
  return made
}

function dropped(response: Response, error: ProxyRefusal, common: CommonHeaders): Response {
  void response.body?.cancel().catch(() => undefined)
  return refusal(502, error, common)
}
