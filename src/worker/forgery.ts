/** The header that scripts of ours send. A page of another origin cannot, unless `allowedOrigins` names it. */
export const csrfHeader = 'latchkey-csrf'

/**
 * How a request is meant to come:
 *
 * - `navigation`: a person follows a link, from anywhere
 * - `form`: the paste page's own form
 * - `script`: a script of ours asks
 * - `proxied`: a script of ours asks, or a person follows a link of ours to something they may read
 */
export type Approach = 'navigation' | 'form' | 'script' | 'proxied'

/** Whose requests are believed. */
export interface TrustedOrigins {
  readonly origin: string
  /** Other origins whose scripts may ask. */
  readonly allowedOrigins: ReadonlySet<string>
}

/**
 * Whether somebody else's page may have made a person's browser send this request.
 *
 * A cookie proves whose browser it is, not whose wish. What proves that is a header that no foreign page
 * can send, together with what the browser itself says of where the request comes from.
 *
 * @see {@link https://datatracker.ietf.org/doc/html/draft-ietf-oauth-browser-based-apps#section-6.1.3.3 OAuth 2.0 for Browser-Based Applications, section 6.1.3.3}
 */
export function isForged(
  approach: Approach,
  request: Pick<Request, 'method' | 'headers'>,
  trusted: TrustedOrigins,
): boolean {
  if (approach === 'navigation') return !isNavigation(request, 'perhaps')
  if (approach === 'form') return !isOwnForm(request, trusted)
  if (request.headers.get(csrfHeader) === '1' && isFromTrusted(request.headers, trusted)) return false
  return approach !== 'proxied' || !isOwnNavigation(request)
}

type Asked = Pick<Request, 'method' | 'headers'>

/** Not a picture, a frame or a script of another page. Old browsers do not say. */
function isNavigation({ headers }: Asked, otherwise: 'perhaps' | 'no'): boolean {
  const mode = headers.get('sec-fetch-mode')
  const destination = headers.get('sec-fetch-dest')
  if (mode === null || destination === null) return otherwise === 'perhaps' && (mode ?? 'navigate') === 'navigate'
  return mode === 'navigate' && destination === 'document'
}

/** A link of ours, or an address that the person typed. A sibling's subdomain is neither. */
function isOwnNavigation(request: Asked): boolean {
  const site = request.headers.get('sec-fetch-site')
  if (!['GET', 'HEAD'].includes(request.method) || request.headers.has('origin')) return false
  return (site === 'same-origin' || site === 'none') && isNavigation(request, 'no')
}

/** Forms cannot send a header of ours; but browsers say where each one comes from. */
function isOwnForm({ headers }: Asked, { origin }: TrustedOrigins): boolean {
  const site = headers.get('sec-fetch-site')
  return headers.get('origin') === origin && (site === null || site === 'same-origin')
}

function isFromTrusted(headers: Headers, { origin, allowedOrigins }: TrustedOrigins): boolean {
  const from = headers.get('origin')
  if (from !== null) return from === origin || allowedOrigins.has(from)
  // Browsers leave `Origin` out of what a page asks of its own origin without changing anything.
  const site = headers.get('sec-fetch-site')
  return site === null || site === 'same-origin'
}
