import { readCookies } from './cookies.ts'
import { canonicalTarget, type Target } from './proxy-path.ts'
import type { WorkerContext } from './worker-options.ts'

/** One request on its way through the handler, and what its answer shall carry. */
export interface Visit {
  readonly request: Request
  /** Where the request points. What cannot be read has no path. */
  readonly target: Target
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
    request,
    target: canonicalTarget(request.url),
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
export function wantsPage({ request: { method, headers } }: Visit): boolean {
  return ['GET', 'HEAD', 'POST'].includes(method) && (headers.get('accept') ?? '').includes('text/html')
}
