import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { HeldStore, Store } from '../../../src/contracts.ts'
import { OAuthError } from '../../../src/errors.ts'
import type { MCPProvider } from '../../../src/sdk/mcp.ts'
import { away, discovery, issuer, key, leave, mcpRig, now, record, refresh, verifiers } from './mcp-rig.ts'
import type { MCPRig } from './mcp-rig.ts'

let store: MCPRig['store']
let provider: MCPRig['provider']

beforeEach(() => {
  ;({ store, provider } = mcpRig())
})

const stored = async (): Promise<string | undefined> => (await store.get(key))?.tokens.refreshToken

/** Like a file's: who holds it no longer writes no longer. */
function withKeenLock(store: Store): Store {
  return {
    ...store,
    lock: (name, task, options) =>
      store.lock(
        name,
        async (held) => {
          let open = true
          const update: HeldStore['update'] = (...args) =>
            open ? held.update(...args) : Promise.reject(new OAuthError('lock_timeout', { after: 0 }))
          return task({ ...held, update }).finally(() => (open = false))
        },
        options,
      ),
  }
}

describe('tokens', () => {
  it('are written for the SDK in its words, and read from it', async () => {
    const mcp = provider({ clientId: 'known' })
    expect(await mcp.tokens()).toBeUndefined()
    const tokens = { access_token: 'a', refresh_token: 'r', id_token: 'i', scope: 'read write', issuer }
    await mcp.saveTokens({ ...tokens, token_type: 'bearer', expires_in: 3600 })
    expect(await store.get(key)).toEqual({
      tokens: {
        accessToken: 'a',
        tokenType: 'Bearer',
        refreshToken: 'r',
        idToken: 'i',
        scopes: ['read', 'write'],
        obtainedAt: now,
        expiresAt: now + 3_600_000,
      },
      issuer,
      clientId: 'known',
    })
    expect(await mcp.tokens()).toEqual({ ...tokens, token_type: 'Bearer', expires_in: 3600 })
  })

  it('that somebody has renewed meanwhile are shown in place of the old', async () => {
    await store.update(key, () => record('new'))
    const request = refresh('old')
    await provider().addClientAuthentication(new Headers(), request)
    expect(Object.fromEntries(request)).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'new',
      client_id: 'mcp-client',
    })
  })

  it('are kept where the server sends no new one and the SDK puts back the old', async () => {
    await store.update(key, () => record('new'))
    const mcp = provider()
    await mcp.addClientAuthentication(new Headers(), refresh('old'))
    await mcp.saveTokens({ access_token: 'b', token_type: 'Bearer', refresh_token: 'old' })
    expect(await stored()).toBe('new')
    expect((await store.get(key))?.tokens.accessToken).toBe('b')
  })

  it('are renewed by one at a time', async () => {
    await store.update(key, () => record('first'))
    const [one, another] = [provider(), provider()]
    await one.addClientAuthentication(new Headers(), refresh('first'))
    const request = refresh('first')
    const waiting = another.addClientAuthentication(new Headers(), request)
    await one.saveTokens({ access_token: 'b', token_type: 'Bearer', refresh_token: 'second' })
    await waiting
    expect(request.get('refresh_token')).toBe('second')
  })

  it('are not held up for ever by a request that came to nothing', async () => {
    const begin = globalThis.setTimeout
    const sooner = (task: () => void, ms: number): unknown => begin(task, ms === 20_000 ? 20 : ms)
    const soon = vi.spyOn(globalThis, 'setTimeout').mockImplementation(sooner as typeof setTimeout)
    try {
      await store.update(key, () => record('first'))
      const mcp = provider({ store: withKeenLock(store) })
      await mcp.addClientAuthentication(new Headers(), refresh('first'))
      await provider().addClientAuthentication(new Headers(), refresh('first'))
      // What comes too late is written all the same, as long as nobody else has.
      await mcp.saveTokens({ access_token: 'b', token_type: 'Bearer', refresh_token: 'second' })
      expect(await stored()).toBe('second')
    } finally {
      soon.mockRestore()
    }
  })

  it('are not asked for when their turn does not come', async () => {
    const lock = (): Promise<never> => Promise.reject(new OAuthError('lock_timeout', { after: 1 }))
    const waiting = provider({ store: { ...store, lock } }).addClientAuthentication(new Headers(), refresh('first'))
    await expect(waiting).rejects.toMatchObject({ code: 'lock_timeout' })
  })

  it('are not held up by a code exchange that failed', async () => {
    const mcp = provider()
    const exchange = mcp.finish(await away(mcp), async () => {
      await mcp.addClientAuthentication(new Headers(), new URLSearchParams({ code: 'the-code' }))
      throw new Error('No network')
    })
    await expect(exchange).rejects.toThrow('No network')
    await store.update(key, () => record('first'))
    const request = refresh('first')
    await provider().addClientAuthentication(new Headers(), request)
    expect(request.get('refresh_token')).toBe('first')
  })

  it.each([
    ['a sign-out', undefined],
    ['another sign-in', record('another')],
  ])('of before %s are not stored', async (_name, then) => {
    await store.update(key, () => record('first'))
    const mcp = provider()
    await mcp.addClientAuthentication(new Headers(), refresh('first'))
    await store.update(key, () => then)
    await mcp.saveTokens({ access_token: 'b', token_type: 'Bearer', refresh_token: 'second' })
    expect(await store.get(key)).toEqual(then)
  })
})

describe('invalidateCredentials', () => {
  const refused = async (mcp: MCPProvider): Promise<void> => {
    await store.update(key, () => record('first'))
    await mcp.addClientAuthentication(new Headers(), refresh('first'))
  }

  it('takes away the token that was refused', async () => {
    const mcp = provider()
    await refused(mcp)
    await mcp.invalidateCredentials('tokens')
    expect(await stored()).toBeUndefined()
  })

  it('leaves the token of a sibling that was faster', async () => {
    const mcp = provider()
    await refused(mcp)
    await store.update(key, () => record('second'))
    await mcp.invalidateCredentials('tokens')
    expect(await stored()).toBe('second')
  })

  it.each(['tokens', 'all'] as const)('of %s takes nothing when no token was shown', async (scope) => {
    await store.update(key, () => record('first'))
    await provider().invalidateCredentials(scope)
    expect(await stored()).toBe('first')
  })

  it('forgets a client id that the server does not know', async () => {
    const mcp = provider()
    await store.update(key, () => record('first'))
    expect(await mcp.clientInformation()).toEqual({ client_id: 'mcp-client', issuer })
    await mcp.invalidateCredentials('client')
    expect(await mcp.clientInformation()).toBeUndefined()
    await mcp.saveClientInformation({ client_id: 'new', issuer })
    expect(await mcp.clientInformation()).toEqual({ client_id: 'new', issuer })
  })

  it('forgets what was discovered, and verifiers that nobody has claimed', async () => {
    const mcp = provider()
    await mcp.saveDiscoveryState(discovery())
    await mcp.invalidateCredentials('discovery')
    expect(await mcp.discoveryState()).toBeUndefined()
    const url = await leave(mcp, verifiers[0])
    await mcp.invalidateCredentials('verifier')
    await expect(mcp.redirectToAuthorization(url)).rejects.toMatchObject({ code: 'transaction_missing' })
  })
})
