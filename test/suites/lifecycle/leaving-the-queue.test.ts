import { describe, expect, it } from 'vitest'

import { isOAuthError } from '../../../src/errors.ts'
import { hour, settled, watched } from '../client/rig.ts'
import { queue, renewed } from './lock-queue-rig.ts'

const code = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    (value) => value,
    (error: unknown) => (isOAuthError(error) ? error.code : error),
  )

describe('who waits for the lock', () => {
  it('leaves the queue with the token that a sibling stores, and takes no lock', async () => {
    const all = await queue()
    const asked = all.client.getAccessToken()
    await settled()
    expect(all.watchers()).toBe(1)
    await all.refreshed('fresh')
    expect(await watched(asked)).toBe('fresh')
    expect([all.refreshes(), all.watchers()]).toEqual([0, 0])
    expect(all.events.at(-1)?.type).toBe('adopted')
    all.letGo()
    await settled()
    expect(all.calls).not.toContain('lock')
  })

  it('neither looks nor listens where the lock is free', async () => {
    const all = await queue({ free: true })
    await all.client.getAccessToken()
    expect(all.calls.filter((call) => call === 'get')).toEqual(['get'])
    expect([all.refreshes(), all.listened()]).toEqual([1, 0])
  })

  it('looks no more once the lock is its own', async () => {
    const all = await queue()
    const held = all.server.faults.hold('token')
    const asked = all.client.getAccessToken()
    await settled()
    all.letGo()
    await held.arrived
    all.calls.length = 0
    await all.write((current) => ({ ...current, account: { name: 'Somebody' } }))
    await settled()
    expect([all.calls, all.watchers()]).toEqual([[], 0])
    held.release()
    await asked
    expect(all.refreshes()).toBe(1)
  })

  it('presents nothing under a lock that is given to it when it has left', async () => {
    const all = await queue({ deaf: true })
    const asked = all.client.getAccessToken()
    await settled()
    await all.refreshed('fresh')
    await settled()
    all.letGo()
    expect(await watched(asked)).toBe('fresh')
    expect(all.calls.slice(-3)).toEqual(['lock', 'held.get', 'unlock'])
    expect([all.refreshes(), all.watchers()]).toEqual([0, 0])
  })

  it('hears under such a lock of a sign-out since', async () => {
    const all = await queue({ deaf: true })
    const asked = code(all.client.getAccessToken())
    await settled()
    await all.refreshed('fresh')
    await settled()
    await all.write(() => undefined)
    all.letGo()
    expect(await watched(asked)).toBe('sign_in_required')
    expect(all.refreshes()).toBe(0)
  })

  it('stays with a lock that it was given while it looked', async () => {
    const all = await queue()
    const asked = all.client.getAccessToken()
    await settled()
    let read = (): void => undefined
    all.reading = new Promise((resolve) => (read = resolve))
    await all.write((current) => ({ ...current, account: { name: 'Somebody' } }))
    await settled()
    const held = all.server.faults.hold('token')
    all.letGo()
    await held.arrived
    await all.refreshed('of-another-program')
    read()
    await settled()
    expect(all.signal()?.aborted).toBe(false)
    held.release()
    await watched(asked)
    expect(all.refreshes()).toBe(1)
  })

  it('goes on waiting when the store cannot be read', async () => {
    const all = await queue()
    const asked = all.client.getAccessToken()
    await settled()
    all.failing = true
    await all.write((current) => ({ ...current, account: { name: 'Somebody' } }))
    await settled()
    all.failing = false
    await all.refreshed('fresh')
    expect(await watched(asked)).toBe('fresh')
    all.letGo()
  })

  it('gives up after its time, and listens no more', async () => {
    const all = await queue({ lockTimeout: 60 })
    const asked = code(all.client.getAccessToken())
    await settled()
    expect(all.watchers()).toBe(1)
    expect(await watched(asked)).toBe('lock_timeout')
    expect(all.watchers()).toBe(0)
    all.letGo()
  })
})

describe('who waits for the lock stays', () => {
  it('to renew early what is still good, for which nobody waits', async () => {
    const all = await queue()
    await all.write((current) => {
      const { tokens, ...rest } = renewed(current, 'good', all.clock.now())
      return {
        ...rest,
        tokens: { ...tokens, expiresAt: all.clock.now() + 120_000, obtainedAt: all.clock.now() - hour },
      }
    })
    const stop = all.client.subscribe(() => undefined)
    await settled()
    expect(await all.client.getAccessToken()).toBe('good')
    await settled()
    stop()
    expect(all.watchers()).toBe(1)
    const asked = all.server.faults.hold('token')
    all.letGo()
    await watched(asked.arrived)
    asked.release()
  })

  it('while what is stored is what it wants another for', async () => {
    const all = await queue()
    await all.refreshed('good')
    const asked = all.client.getAccessToken({ forceRefresh: true })
    await settled()
    await all.write((current) => ({ ...current, account: { name: 'Somebody' } }))
    await settled()
    expect(all.watchers()).toBe(1)
    await all.refreshed('newer')
    expect(await watched(asked)).toBe('newer')
    expect(all.refreshes()).toBe(0)
    all.letGo()
  })

  it('while a better token is about to come', async () => {
    const all = await queue()
    const asked = all.client.getAccessToken()
    await settled()
    const intent = { hash: 'h', owner: 'a sibling', at: all.clock.now(), lost: 0 }
    await all.write((current) => ({ ...renewed(current, 'first', all.clock.now()), intent }))
    await settled()
    expect(all.watchers()).toBe(1)
    await all.refreshed('second')
    expect(await watched(asked)).toBe('second')
    all.letGo()
  })

  it('when somebody signs out elsewhere, and hears of it under the lock', async () => {
    const all = await queue()
    const asked = code(all.client.getAccessToken())
    await settled()
    await all.write(() => undefined)
    await settled()
    expect(all.watchers()).toBe(1)
    all.letGo()
    expect(await watched(asked)).toBe('sign_in_required')
    expect(all.refreshes()).toBe(0)
  })

  it('when the tokens of another server are stored, and hears of it under the lock', async () => {
    const all = await queue()
    const asked = code(all.client.getAccessToken())
    await settled()
    await all.write((current) => ({ ...renewed(current, 'x', all.clock.now()), issuer: 'https://evil.example.com' }))
    await settled()
    expect(all.watchers()).toBe(1)
    all.letGo()
    expect(await watched(asked)).toBe('issuer_mismatch')
  })
})

describe('a store whose hints are none', () => {
  const bad = (): never => {
    throw new Error('I cannot.')
  }
  it.each([() => 5 as never, bad, (async () => 5) as never])('is waited for as before', async (watch) => {
    const all = await queue({ watch })
    const asked = code(all.client.getAccessToken())
    await settled()
    all.letGo()
    await watched(asked)
    expect(all.refreshes()).toBe(1)
  })
})

describe('while somebody waits for the lock', () => {
  it('a sign-out here ends the wait of all, whatever a sibling stores', async () => {
    const all = await queue()
    const asked = code(all.client.getAccessToken())
    await settled()
    const before = all.calls.length
    await all.client.signOut({ revoke: false })
    await all.signIn(all.another())
    expect(await watched(asked)).toBe('signed_out')
    expect(all.calls.slice(before)).not.toContain('lock')
    all.letGo()
  })

  it('another person signs in elsewhere, and theirs is the token', async () => {
    const all = await queue()
    const asked = all.client.getToken()
    await settled()
    await all.write((current) => ({
      ...renewed(current, 'theirs', all.clock.now()),
      account: { subject: 'another', name: 'Another' },
    }))
    expect((await watched(asked)).accessToken).toBe('theirs')
    expect(all.client.getSnapshot().account?.name).toBe('Another')
    all.letGo()
  })

  it('a caller who aborts leaves alone', async () => {
    const all = await queue()
    const abort = new AbortController()
    const gone = code(all.client.getAccessToken({ signal: abort.signal }))
    const asked = all.client.getAccessToken()
    await settled()
    abort.abort()
    expect(await watched(gone)).toBe('aborted')
    await all.refreshed('fresh')
    expect(await watched(asked)).toBe('fresh')
    all.letGo()
  })

  it('two clients of one process leave together', async () => {
    const all = await queue()
    const asked = Promise.all([all.client.getAccessToken(), all.another().getAccessToken()])
    await settled()
    expect(all.watchers()).toBe(2)
    await all.refreshed('fresh')
    expect(await watched(asked)).toEqual(['fresh', 'fresh'])
    all.letGo()
    await settled()
    expect(all.calls).not.toContain('lock')
  })
})
