import { canonicalTarget, type Target } from './proxy-path.ts'

/** A request, and what everybody asks of it: each look at the platform's objects is a step out of the engine. */
export interface ReadRequest {
  readonly request: Request
  readonly method: string
  readonly headers: Headers
  /** Where the request points. What cannot be read has no path. */
  readonly target: Target
}

export function readRequest(request: Request): ReadRequest {
  const { method, headers, url } = request
  return { request, method, headers, target: canonicalTarget(url) }
}
