import { expect, it } from 'vitest'

import { memoryStore } from '../../../src/index.ts'
import type { Store } from '../../../src/index.ts'
import { rig, settled, watched } from './rig.ts'

it.each(['before', 'after'])(
  'a sign-in whose writing is answered late, %s its caller is told, is not written again after a sign-out elsewhere',
  async (when) => {
    const store = memoryStore()
    const late = answeringLate(store)
    const all = rig({ client: { store } })
    const client = all.another({ store: late.store })
    const signedIn = all.signIn(client)
    await late.written
    await all.another().signOut()
    if (when === 'before') late.look.hold()
    all.clock.advance(100_000)
    if (when === 'before') await late.look.arrived
    else await watched(signedIn)
    late.answer()
    await settled()
    late.look.release()
    await watched(signedIn)
    expect(all.events.some(({ type }) => type === 'persist-failed')).toBe(when === 'after')
    await expect(client.getToken({ forceRefresh: true })).rejects.toMatchObject({ code: 'sign_in_required' })
    expect(await store.keys()).toEqual([])
    expect(all.refreshes()).toBe(0)
  },
)

/** A store whose first writing is done long before it says so. */
function answeringLate(inner: Store): {
  readonly store: Store
  readonly written: Promise<void>
  readonly answer: () => void
  readonly look: { readonly arrived: Promise<void>; hold(): void; release(): void }
} {
  const write = gate()
  const look = gate()
  let writes = 0
  let held = false
  return {
    written: write.arrived,
    answer: write.open,
    look: { arrived: look.arrived, hold: () => void (held = true), release: look.open },
    store: {
      ...inner,
      async update(key, change) {
        const stored = await inner.update(key, change)
        if (writes++ === 0) await write.pass()
        return stored
      },
      async get(key) {
        const found = await inner.get(key)
        if (held) await look.pass()
        return found
      },
    },
  }
}

function gate(): { readonly arrived: Promise<void>; pass(): Promise<void>; open(): void } {
  let arrive = (): void => undefined
  let open = (): void => undefined
  const arrived = new Promise<void>((resolve) => (arrive = resolve))
  const opened = new Promise<void>((resolve) => (open = resolve))
  const pass = (): Promise<void> => {
    arrive()
    return opened
  }
  return { arrived, pass, open: () => open() }
}
