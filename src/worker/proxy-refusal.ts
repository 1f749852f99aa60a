/** Why a proxy does not send a request, or has no answer to it. */
export type ProxyRefusal =
  | 'path_malformed'
  | 'path_not_allowed'
  | 'method_not_allowed'
  | 'upstream_unreachable'
  | 'upstream_redirected'
  | 'upstream_timeout'

/** A small answer for a script. It repeats nothing that anybody has sent. */
export function refusal(status: number, error: ProxyRefusal, headers?: Readonly<Record<string, string>>): Response {
  return new Response(JSON.stringify({ error }), {
    status,
    headers: {
      ...headers,
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    },
  })
}
