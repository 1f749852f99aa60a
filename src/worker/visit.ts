import { readCookies } from './cookies.ts'
import { type ReadRequest, readRequest } from './read-request.ts'
import type { WorkerContext } from './worker-options.ts'

/** One request on its way through the handler, and what its answer shall carry. */
export interface Visit extends ReadRequest {
  /** Read when somebody asks, and once. */
  cookies(): ReadonlyMap<string, string>
  /** `Set-Cookie` headers for the answer, by the names of the cookies. */
  readonly setCookies: Map<string, string>
  /** Lets work go on after the answer. Never rejects. */
  keep(work: Promise<unknown>): void
}

export function openVisit(request: Request, context: WorkerContext | undefined): Visit {
  let cookies: ReadonlyMap<string, string> | undefined
  return {
    ...readRequest(request),
    // No getter: engines take longer to make an object that has one than to read a header.
    cookies: () => (cookies ??= readCookies(request.headers.get('cookie'))),
    setCookies: new Map(),
    keep(work) {
      const quiet = work.catch(() => undefined)
      try {
        context?.waitUntil(quiet)
      } catch {
        // The request is over already: a client that outlived it goes on without.
      }
    },
  }
}

/** Whether this request is a person's, who would rather read a page than JSON. */
export function wantsPage({ method, headers }: Visit): boolean {
  return ['GET', 'HEAD', 'POST'].includes(method) && (headers.get('accept') ?? '').includes('text/html')
}
