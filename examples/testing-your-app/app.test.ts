// How an application behaves when things go wrong, without a network and without waiting: `node --test`.

import { deepStrictEqual, rejects, strictEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { isOAuthError } from 'latchkey'
import { createAuthorizationServer, manualClock } from 'latchkey/testing'
import type { AuthorizationServer, AuthorizationServerOptions } from 'latchkey/testing'
import { createApp } from './app.ts'
import type { App } from './app.ts'

const hour = 3_600_000

async function signedIn(options: AuthorizationServerOptions = {}): Promise<{ app: App; server: AuthorizationServer }> {
  const clock = manualClock()
  const server = createAuthorizationServer({ clock, ...options })
  const app = createApp(server.issuer, server.apiUrl, { fetch: server.fetch, clock })
  const { url } = await app.client.start()
  await app.client.finish(await server.approve(url))
  return { app, server }
}

const refreshes = (server: AuthorizationServer): number => server.history.count({ grant: 'refresh_token' })

test('a hundred calls with a token that has ended cost one refresh', async () => {
  const { app, server } = await signedIn()
  server.clock.advance(hour)
  await Promise.all(Array.from({ length: 100 }, () => app.inbox()))
  strictEqual(refreshes(server), 1)
})

test('an answer that is lost on the way does not cost the session', async () => {
  const { app, server } = await signedIn({ rotation: 'grace' })
  server.clock.advance(hour)
  server.faults.next('token', { drop: true, when: 'after-commit' })
  await app.inbox().catch(() => undefined)
  await app.inbox()
  strictEqual(app.client.getSnapshot().status, 'signed-in')
})

test('an outage keeps the session, and says that trying again may help', async () => {
  const { app, server } = await signedIn()
  server.clock.advance(hour)
  const recover = server.faults.always('token', { status: 503 })
  await rejects(app.inbox(), (error) => isOAuthError(error) && error.retryable)
  recover()
  server.clock.advance(60_000)
  await app.inbox()
})

test('a session that was ended elsewhere asks for a new sign-in', async () => {
  const { app, server } = await signedIn()
  server.revokeSessions()
  server.clock.advance(hour)
  await rejects(app.inbox(), (error) => isOAuthError(error) && error.code === 'sign_in_required')
  deepStrictEqual(app.client.getSnapshot().status, 'signed-out')
})
