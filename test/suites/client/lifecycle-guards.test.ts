import { describe, expect, it } from 'vitest'

import { memoryStore } from '../../../src/index.ts'
import type { Fetch } from '../../../src/index.ts'
import { rig } from './rig.ts'

/** Lets the token request fail, and counts how often it is made. */
function broken(): { between: (server: Fetch) => Fetch; asked: () => number; breakDown: () => void } {
  let asked = 0
  let down = false
  return {
    between: (server) => async (input, init) => {
      if (!down || !new Request(input, init).url.endsWith('/token')) return server(input, init)
      asked++
      return new Response('busy', { status: 503 })
    },
    asked: () => asked,
    breakDown: () => {
      down = true
    },
  }
}

/** The time that the token at hand still has. */
async function left(client: ReturnType<typeof rig>['client'], now: number): Promise<number> {
  const { expiresAt = now } = await client.getToken()
  return expiresAt - now
}

describe('a refresh that fails', () => {
  it('costs nobody a token that has some seconds left', async () => {
    const { between, asked, breakDown } = broken()
    const { client, clock, signIn } = rig({ between })
    await signIn()
    const token = await client.getAccessToken()
    breakDown()
    clock.advance((await left(client, clock.now())) - 5_000)
    expect(await client.getAccessToken()).toBe(token)
    expect(asked()).toBeGreaterThan(0)
  })

  it('behind the back of its callers is not tried again with each of them', async () => {
    const { between, asked, breakDown } = broken()
    const { client, clock, signIn } = rig({ between })
    await signIn()
    breakDown()
    clock.advance((await left(client, clock.now())) - 60_000)
    for (let call = 0; call < 20; call++) {
      await client.getAccessToken()
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    expect(asked()).toBe(1)
  })
})

describe('many callers at once', () => {
  it('share one wait for the lock', async () => {
    const inner = memoryStore()
    let locks = 0
    const store = {
      ...inner,
      lock: ((key, task, options) => {
        locks++
        return inner.lock(key, task, options)
      }) as typeof inner.lock,
    }
    const { client, clock, signIn } = rig({ client: { store } })
    await signIn()
    clock.advance((await left(client, clock.now())) + 1)
    locks = 0
    await Promise.all(Array.from({ length: 50 }, () => client.getToken()))
    expect(locks).toBe(1)
  })
})

it('does not refresh the tokens of a later sign-in for whoever waited since the one before', async () => {
  const inner = memoryStore()
  let open: () => void = () => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  let reach: () => void = () => undefined
  const reached = new Promise<void>((resolve) => {
    reach = resolve
  })
  let last: Promise<unknown> = Promise.resolve()
  const lock: typeof inner.lock = (key, task, options) => {
    reach()
    const run = opened.then(() => inner.lock(key, task, options))
    last = run.catch(() => undefined)
    return run
  }
  const { client, clock, signIn, refreshes } = rig({ client: { store: { ...inner, lock } } })
  await signIn()
  const gone = new AbortController()
  const waiting = client.getToken({ forceRefresh: true, signal: gone.signal }).catch((error: unknown) => error)
  await reached
  gone.abort()
  await waiting
  await client.signOut()
  await signIn()
  clock.advance((await left(client, clock.now())) + 1)
  open()
  await last
  expect(refreshes()).toBe(0)
  await client.getToken()
  expect(refreshes()).toBe(1)
})
