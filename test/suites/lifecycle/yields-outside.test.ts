import { expect, it } from 'vitest'

import { memoryStore, OAuthError } from '../../../src/index.ts'
import type { Store } from '../../../src/index.ts'
import { hour, rig, watched } from '../client/rig.ts'

const refresh = { grant: 'refresh_token' } as const

it('an answer that could not be written under the lock yields to whoever shows the refresh token again', async () => {
  const store = memoryStore()
  const { client, another, server, clock, signIn } = rig({
    server: { rotation: 'until-first-use' },
    client: { store },
  })
  await signIn()
  clock.advance(hour)
  let theirs: ReturnType<typeof server.faults.hold> | undefined
  const first = another({
    store: failing(store, {
      failed: () => (theirs ??= server.faults.hold('token', refresh)),
      before: async () => theirs?.arrived,
      after: () => theirs?.release(),
    }),
  })
  const tokens = [first.getAccessToken(), client.getAccessToken()]
  await watched(Promise.all(tokens))
  clock.advance(hour)
  expect(await another().getAccessToken({ forceRefresh: true })).toBeTypeOf('string')
})

interface Moments {
  /** A commit under the lock has failed. */
  readonly failed: () => unknown
  /** What the first writing outside it waits for. */
  readonly before: () => Promise<unknown>
  /** It is done. */
  readonly after: () => unknown
}

/** A store in which one holder of the lock can announce a refresh, and commit none. */
function failing(store: Store, { failed, before, after }: Moments): Store {
  let locks = 0
  let writings = 0
  return {
    ...store,
    lock: (key, task, options) =>
      store.lock(
        key,
        (held) =>
          task(
            locks++ > 0
              ? held
              : {
                  ...held,
                  async update(...args) {
                    if (writings++ === 0) return held.update(...args)
                    failed()
                    throw new OAuthError('persist_failed', { where: 'the store', reason: 'a test wants it.' })
                  },
                },
          ),
        options,
      ),
    async update(...args) {
      await before()
      const stored = await store.update(...args)
      after()
      return stored
    },
  }
}
