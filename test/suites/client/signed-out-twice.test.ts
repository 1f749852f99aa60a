import { expect, it } from 'vitest'
import { createClient, memoryStore } from '../../../src/index.ts'
import type { Store } from '../../../src/index.ts'
import { oidc } from '../../../src/providers/oidc.ts'
import { createAuthorizationServer } from '../../../src/testing/index.ts'

it('revokes what a sign-out removed, also where the store asks again because its answer was lost', async () => {
  const server = createAuthorizationServer()
  const client = createClient({
    provider: oidc({ issuer: server.issuer }),
    clientId: 'app',
    redirectUri: 'https://app.example.com/callback',
    store: askingAgain(memoryStore()),
    fetch: server.fetch,
    clock: server.clock,
  })
  const { url } = await client.start()
  await client.finish(await server.approve(url))
  expect(await client.signOut()).toEqual({ revocation: 'done' })
  expect(server.history.count({ endpoint: 'revocation' })).toBe(2)
})

/** A removal is made twice, as by a Durable Object that restarts, or a Redis client that sends again. */
function askingAgain(store: Store): Store {
  return {
    ...store,
    update: async (key, change) => {
      const stored = await store.update(key, change)
      return stored === undefined ? store.update(key, change) : stored
    },
  }
}
