/** The longest time that a server can make us wait, in milliseconds. */
const longest = 10 * 60_000

/**
 * Reads `Retry-After`, seconds or a date, as an instant in milliseconds since the epoch.
 *
 * A wait that has passed or cannot be read is none; an absurd one is ten minutes.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3 RFC 9110, section 10.2.3}
 */
export function retryAfter(headers: Headers, now: number): number | undefined {
  const value = headers.get('retry-after')?.trim()
  if (value === undefined || value === '') return undefined
  const at = /^\d+$/.test(value) ? now + Number(value) * 1000 : httpDate(value)
  return at > now ? Math.min(at, now + longest) : undefined
}

/** `Date.parse` makes a date of nearly anything, `-5` and `1.5` included; a date on the wire begins with a weekday. */
function httpDate(value: string): number {
  return /^[A-Z][a-z]{2,8},? /.test(value) ? Date.parse(value) : Number.NaN
}
