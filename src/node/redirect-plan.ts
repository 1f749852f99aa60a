import type { Provider } from '../contracts.ts'
import { configError } from '../errors.ts'
import type { LoopbackHost } from '../redirects/bind-loopback.node.ts'

/** Where an answer can come back to. */
export interface RedirectPlan {
  readonly loopback?: { readonly host: LoopbackHost; readonly ports: readonly number[]; readonly path: string }
  /** A page that shows the answer for copying. */
  readonly hosted?: string
}

/**
 * What the application registered, else what the provider says, else any port of 127.0.0.1. A loopback
 * `redirectUri` without a port means any port (RFC 8252 §7.3).
 *
 * Errors: `config` for a redirect URI that is no URL, a loopback host that is none, or a query.
 */
export function redirectPlan(provider: Provider, redirectUri?: string): RedirectPlan {
  if (redirectUri !== undefined) return planFor(redirectUri)
  const { loopback, hosted } = provider.redirect ?? {}
  return {
    ...(loopback && { loopback: { path: loopback.path, ports: loopback.ports ?? [0], host: hostOf(loopback.host) } }),
    ...(!loopback && hosted === undefined && { loopback: { host: '127.0.0.1', ports: [0], path: '/callback' } }),
    ...(hosted !== undefined && { hosted }),
  }
}

function planFor(redirectUri: string): RedirectPlan {
  if (!URL.canParse(redirectUri)) throw configError('redirectUri is not a URL.')
  const { protocol, hostname, port, pathname, search, hash } = new URL(redirectUri)
  if (protocol !== 'http:') return { hosted: redirectUri }
  // Sent without it, it would be another redirect URI than the one that is registered.
  if (search + hash !== '') {
    throw configError('a loopback redirect URI can hold neither query nor fragment.')
  }
  return { loopback: { host: hostOf(hostname), ports: [Number(port)], path: pathname } }
}

function hostOf(host: string): LoopbackHost {
  const name = host === '[::1]' ? '::1' : host
  if (name === '127.0.0.1' || name === 'localhost' || name === '::1') return name
  throw configError('an http redirect URI must name 127.0.0.1, localhost or [::1].')
}
