/**
 * Latchkey in front of an API: sign-in, sessions and a reverse proxy as one `(request) => Promise<Response>`,
 * so that tokens never reach the browser.
 *
 * @module
 */

export type { CookieSecrets } from './cookie-seal.ts'
export type { Proxy, ProxyAccess, ProxyHeaders, ProxyMatch, ProxyRule } from './proxy.ts'
export { createWorkerHandler } from './worker-handler.ts'
export type {
  RefreshDueOptions,
  RefreshDueReport,
  WorkerContext,
  WorkerHandler,
  WorkerHandlerOptions,
} from './worker-options.ts'
