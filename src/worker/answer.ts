/** What a route answers, before it becomes a `Response`. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body?: string
}

/** JSON for scripts. */
export function jsonAnswer(status: number, members: object): Answer {
  return { status, headers: new Headers({ 'content-type': 'application/json' }), body: JSON.stringify(members) }
}

/** Sends a person elsewhere, by GET, whatever they came with (RFC 9110 §15.4.4). */
export function redirectAnswer(location: string): Answer {
  return { status: 303, headers: new Headers({ location }) }
}

/** Makes the `Response`. */
export function toResponse({ status, headers, body }: Answer): Response {
  return new Response(body ?? null, { status, headers })
}
