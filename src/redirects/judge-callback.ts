/** The parts of a request that matter here. */
export interface CallbackRequest {
  readonly method: string
  /** The request target as it was sent: path and query. */
  readonly target: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/** A callback, or the HTTP status that says why it is none. */
export type CallbackVerdict = { readonly url: URL } | { readonly status: 400 | 403 | 404 | 405 | 414 | 421 }

const longestTarget = 16_384
const known = ['code', 'state', 'error', 'error_description', 'error_uri', 'iss', 'client_id', 'response']

/**
 * Whether `request` is the answer that `redirectUri` waits for. `accept` judges its `state`.
 *
 * Any web page can send requests to a loopback port. So a foreign name in `Host` (DNS rebinding), a
 * foreign `Origin`, another path or method, an upgrade, a repeated parameter or a wrong `state` makes
 * it none, and what is none must not end a sign-in.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2 RFC 6749, section 4.1.2}
 */
export function judgeCallback(
  request: CallbackRequest,
  redirectUri: URL,
  accept: (callback: URL) => boolean,
): CallbackVerdict {
  const { method, target, headers } = request
  if (headers['host'] !== redirectUri.host) return { status: 421 }
  if (headers['origin'] !== undefined && headers['origin'] !== redirectUri.origin) return { status: 403 }
  if (target.length > longestTarget) return { status: 414 }
  // Compared as it was sent: URL parsing would make `/x/../callback` the same path.
  if (target.split('?', 1)[0] !== redirectUri.pathname) return { status: 404 }
  if (method !== 'GET') return { status: 405 }
  if (headers['upgrade'] !== undefined) return { status: 400 }
  const url = new URL(redirectUri.origin + target)
  return isAnswer(url.searchParams) && accept(url) ? { url } : { status: 400 }
}

/** Whether these are the parameters of one answer: a `state`, and either a code or an error. */
export function isAnswer(params: URLSearchParams): boolean {
  if (known.some((name) => params.getAll(name).length > 1)) return false
  return Boolean(params.get('state')) && Boolean(params.get('code')) !== Boolean(params.get('error'))
}
