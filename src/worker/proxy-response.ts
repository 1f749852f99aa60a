import { addAllowed, type CommonHeaders, type HeaderLists, ownHeaders } from './proxy-headers.ts'
import { type ProxyRefusal, refusal } from './proxy-refusal.ts'

/** The statuses that send a caller elsewhere (RFC 9110 §15.4). */
const redirects = [301, 302, 303, 307, 308]

/** The statuses whose answer has no body (Fetch, "null body status"). */
const bodiless = [204, 205, 304]

/** Upstream's answer for the caller: its status and its body as they come, and headers that are allowed. */
export function answer(response: Response, rule: HeaderLists, common: CommonHeaders): Response {
  const { status } = response
  if (redirects.includes(status)) return dropped(response, 'upstream_redirected', common)
  // A redirect that the platform hides, or a switch of protocols, which nobody has asked for.
  if (status < 200) {
    const hidden = response.type === 'opaqueredirect'
    return dropped(response, hidden ? 'upstream_redirected' : 'upstream_unreachable', common)
  }
  // The reason phrase is upstream's text, and nobody reads it.
  const answered = new Response(bodiless.includes(status) ? null : response.body, {
    status,
    headers: ownHeaders(common),
  })
  addAllowed(answered.headers, response.headers, rule)
  return answered
}

function dropped(response: Response, error: ProxyRefusal, common: CommonHeaders): Response {
  void response.body?.cancel().catch(() => undefined)
  return refusal(502, error, common)
}
