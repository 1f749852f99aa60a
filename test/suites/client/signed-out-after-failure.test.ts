import { expect, it } from 'vitest'

import { memoryStore, OAuthError } from '../../../src/index.ts'
import { rig } from './rig.ts'

it('revokes at the second try what the first has removed, though the store called that a failure', async () => {
  const store = memoryStore()
  const failing = { next: false }
  const { client, server, signIn } = rig({
    client: {
      store: {
        ...store,
        async update(key, change) {
          const stored = await store.update(key, change)
          if (!failing.next) return stored
          failing.next = false
          throw new OAuthError('persist_failed', { where: 'the store', reason: 'a test wants it.' })
        },
      },
    },
  })
  await signIn()
  failing.next = true
  await expect(client.signOut()).rejects.toMatchObject({ code: 'persist_failed' })
  expect(await client.signOut()).toEqual({ revocation: 'done' })
  expect(server.history.count({ endpoint: 'revocation' })).toBe(2)
  expect(await client.signOut()).toEqual({ revocation: 'skipped' })
})
