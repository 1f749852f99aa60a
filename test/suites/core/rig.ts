import { expect } from 'vitest'

import type { Fetch, Provider, Transaction } from '../../../src/contracts.ts'
import {
  authorizationUrl,
  beginTransaction,
  checkCallback,
  discoverServer,
  exchangeCode,
  none,
  parseCallback,
} from '../../../src/core/index.ts'
import type { AuthorizationRequest, Grant, Parties, World } from '../../../src/core/index.ts'
import type { AnyOAuthError } from '../../../src/errors.ts'
import { isOAuthError } from '../../../src/errors.ts'
import { oidc } from '../../../src/providers/oidc.ts'
import { createAuthorizationServer, manualClock } from '../../../src/testing/index.ts'
import type { AuthorizationServer, AuthorizationServerOptions } from '../../../src/testing/index.ts'

export const redirectUri = 'https://app.example.com/callback'
export const scopes = ['openid', 'profile', 'offline_access', 'read']

/** A server with a clock that stands still, and no client but the protocol functions. */
export function double(options: AuthorizationServerOptions = {}): AuthorizationServer {
  return createAuthorizationServer({ clock: manualClock(), ...options })
}

export function worldOf(server: Pick<AuthorizationServer, 'clock' | 'fetch'>, fetch: Fetch = server.fetch): World {
  return { fetch, clock: server.clock, timeout: 30_000, allowInsecureLoopback: false }
}

export async function partiesOf(server: AuthorizationServer, more: Partial<Parties> = {}): Promise<Parties> {
  const provider: Provider = more.provider ?? oidc({ issuer: server.issuer })
  const world = more.world ?? worldOf(server)
  const found = more.server ?? (await discoverServer(provider, world))
  return { provider, server: found, clientId: 'app', clientAuth: none(), world, ...more }
}

/** A sign-in on its way: the transaction, and the callback that the server sends the person back with. */
export async function started(
  server: AuthorizationServer,
  parties: Parties,
  more: Partial<AuthorizationRequest> = {},
): Promise<{ readonly transaction: Transaction; readonly callback: URL }> {
  const transaction = beginTransaction(parties, { slot: 'test', redirectUri, scopes, lifetime: 600_000, ...more })
  const { url } = await authorizationUrl(parties, transaction, { pushed: false })
  return { transaction, callback: await server.approve(url) }
}

export async function finished(parties: Parties, transaction: Transaction, callback: URL): Promise<Grant> {
  const checked = checkCallback(parseCallback(callback), transaction, parties.server, parties.provider)
  return exchangeCode(parties, transaction, checked)
}

export async function signIn(server: AuthorizationServer, parties: Parties): Promise<Grant> {
  const { transaction, callback } = await started(server, parties)
  return finished(parties, transaction, callback)
}

/** What `attempt` fails with: an error of ours, or the test fails. */
export async function failureOf(attempt: Promise<unknown> | (() => unknown)): Promise<AnyOAuthError> {
  try {
    await (typeof attempt === 'function' ? attempt() : attempt)
  } catch (error) {
    if (isOAuthError(error)) return error
    throw error
  }
  return expect.fail('It did not fail.')
}

/** All that anybody could read in an error. */
export function legible(error: Error): string {
  const { message, stack, cause } = error
  return [message, stack, String(cause), JSON.stringify(error), JSON.stringify((error as AnyOAuthError).detail)].join(
    '\n',
  )
}

export function json(body: unknown, init: ResponseInit = {}): Response {
  return new Response(typeof body === 'string' ? body : JSON.stringify(body), {
    headers: { 'content-type': 'application/json' },
    ...init,
  })
}

/** A `fetch` that answers one URL, remembers what was asked, and finds nobody elsewhere. */
export function site(answers: Readonly<Record<string, () => Response | Promise<Response>>>): {
  readonly fetch: Fetch
  readonly asked: string[]
} {
  const asked: string[] = []
  return {
    asked,
    fetch: async (input) => {
      const url = String(input)
      asked.push(url)
      const answer = answers[url]
      return answer === undefined ? new Response('', { status: 404 }) : answer()
    },
  }
}
