import type { Refusal } from './refusal.ts'

// A browser refuses a body on these, and so does the Response constructor.
const bodiless = [204, 205, 304]

/** Writes a JSON answer that no cache may keep (RFC 6749, section 5.1). */
export function json(body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
  const text = bodiless.includes(status) ? null : JSON.stringify(body)
  return new Response(text, {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', pragma: 'no-cache', ...headers },
  })
}

/** Writes an error as RFC 6749, section 5.2 says. */
export function errorAnswer({ status, error, description, headers }: Refusal): Response {
  return json({ error, error_description: description }, status, headers)
}

/** Sends the caller elsewhere. */
export function redirectTo(url: string | URL, status = 302): Response {
  return new Response(null, { status, headers: { location: String(url), 'cache-control': 'no-store' } })
}

/** Answers with a status and nothing else. */
export function empty(status = 200, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(null, { status, headers: { 'cache-control': 'no-store', ...headers } })
}
