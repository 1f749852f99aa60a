import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { consumers } from './consumers.ts'
import { signedIn, strayKeys } from './rig.ts'
import type { Rig } from './rig.ts'
import { text, words } from './vendor-answers.ts'

describe.each(consumers)('$name', ({ provider, path, headers = {}, callsOthers, open }) => {
  let rig: Rig

  beforeEach(async () => {
    for (const [name, key] of Object.entries(strayKeys)) vi.stubEnv(name, key)
    rig = await signedIn(provider)
  })

  afterEach(async () => {
    vi.unstubAllEnvs()
    await rig.close()
  })

  it('calls as whoever signed in, and with nothing else', async () => {
    expect(await open(rig).say()).toBe(text)
    const [call, ...more] = rig.calls
    expect(more).toEqual([])
    expect(call?.path).toBe(path)
    expect(call?.headers.get('authorization')).toBe(`Bearer ${await rig.client.getAccessToken()}`)
    expect(call?.headers.get('x-api-key')).toBeNull()
    for (const [name, value] of Object.entries(headers)) expect(call?.headers.get(name) ?? undefined).toBe(value)
    expect([...(call?.headers.values() ?? [])].join()).not.toContain('stray')
  })

  it('streams', async () => {
    expect(await open(rig).stream()).toEqual(words)
    expect(rig.calls).toHaveLength(1)
  })

  it('survives a refused token with one refresh, in a call and in a stream', async () => {
    const model = open(rig)
    await model.say()
    rig.server.revokeAccessTokens()
    expect(await model.say()).toBe(text)
    expect(rig.refreshes()).toBe(1)
    rig.server.revokeAccessTokens()
    expect(await model.stream()).toEqual(words)
    expect(rig.refreshes()).toBe(2)
    expect(rig.calls.map(({ status }) => status)).toEqual([200, 401, 200, 401, 200])
  })

  it('makes one refresh for many calls whose token was refused', async () => {
    const model = open(rig)
    await model.say()
    rig.server.revokeAccessTokens()
    expect(await Promise.all(Array.from({ length: 8 }, () => model.say()))).toEqual(Array(8).fill(text))
    expect(rig.refreshes()).toBe(1)
  })

  it('renews a token that has expired before it calls', async () => {
    const model = open(rig)
    await model.say()
    rig.server.clock.advance(9 * 3_600_000)
    expect(await model.say()).toBe(text)
    expect(rig.refreshes()).toBe(1)
    expect(rig.calls.map(({ status }) => status)).toEqual([200, 200])
  })

  it('takes the token to no other origin', async () => {
    const elsewhere = await signedIn(provider)
    try {
      const failure = await open(rig, elsewhere.origin)
        .say()
        .catch((error: unknown) => error)
      if (callsOthers !== true) expect(causes(failure)).toContain('origin_not_allowed')
      expect(elsewhere.calls).toHaveLength(callsOthers === true ? 1 : 0)
      expect(elsewhere.calls[0]?.headers.get('authorization') ?? null).toBeNull()
    } finally {
      await elsewhere.close()
    }
  })

  it('says that somebody must sign in', async () => {
    const model = open(rig)
    await rig.client.signOut()
    expect(causes(await model.say().catch((error: unknown) => error))).toContain('sign_in_required')
    expect(rig.calls).toEqual([])
  })
})

/** The codes of an error and of what caused it. */
function causes(error: unknown): readonly unknown[] {
  if (!(error instanceof Error)) return []
  return [(error as { readonly code?: unknown }).code, ...causes(error.cause)]
}
