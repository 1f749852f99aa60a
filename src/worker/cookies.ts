/** The longest value that is looked at, in characters: browsers keep no longer ones. */
const longest = 4096

/** The longest `Cookie` header that is looked at. Servers refuse most that are longer. */
const longestHeader = 65_536

/**
 * Reads a `Cookie` header. A name that appears twice counts for nothing: one of the two was put there by
 * somebody else, and nobody can tell which.
 *
 * Names are taken byte for byte: a name that only looks like one of ours, as with an exotic space before
 * it, slips past the browser's rules for `__Host-`.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6265#section-5.4 RFC 6265, section 5.4}
 */
export function readCookies(header: string | null): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>()
  if (header === null || header.length > longestHeader) return cookies
  const bad = new Set<string>()
  for (const pair of header.split(';')) {
    const { name, value } = readPair(pair)
    if (cookies.has(name) || value.length > longest) bad.add(name)
    cookies.set(name, value)
  }
  for (const name of bad) cookies.delete(name)
  return cookies
}

/** By hand: a pattern looks for the end of the value again after each of its characters. */
function readPair(pair: string): { readonly name: string; readonly value: string } {
  let start = 0
  let end = pair.length
  while (isBlank(pair[start])) start++
  while (end > start && isBlank(pair[end - 1])) end--
  const equals = pair.indexOf('=', start)
  if (equals < 0) return { name: pair.slice(start), value: '' }
  return { name: pair.slice(start, equals), value: pair.slice(equals + 1, end) }
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t'
}

/** How a cookie shall be kept. */
export interface CookieRules {
  readonly name: string
  readonly sameSite: 'Strict' | 'Lax'
  /** Absent for `http:`, where browsers do not agree about `Secure`. */
  readonly secure: boolean
}

/** Writes a `Set-Cookie` header. `lifetime` is in milliseconds; 0 removes the cookie. */
export function writeCookie({ name, sameSite, secure }: CookieRules, value: string, lifetime: number): string {
  const attributes = [`${name}=${value}`, 'Path=/', `Max-Age=${Math.floor(lifetime / 1000)}`, 'HttpOnly']
  return [...attributes, ...(secure ? ['Secure'] : []), `SameSite=${sameSite}`].join('; ')
}
