import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { createBrowserClient } from '../../src/browser/index.ts'
import type { BrowserClient, BrowserClientOptions } from '../../src/browser/index.ts'
import { createVaultClient } from '../../src/browser/vault.ts'
import { realClock } from '../../src/core/index.ts'
import { oidc } from '../../src/providers/oidc.ts'
import { carriesCallback, leaveFor, takeCallback, travelable } from '../../src/redirects/page.dom.ts'
import { indexedDBStore } from '../../src/stores/indexeddb.ts'
import { pageTransactions } from '../../src/stores/page-transactions.ts'
import { memoryTransactions } from '../../src/stores/memory-transactions.ts'
import { createAuthorizationServer } from '../../src/testing/index.ts'
import type { AuthorizationServer } from '../../src/testing/index.ts'

const runtime = inject('runtime')
const here = location.href

beforeEach(() => {
  if (runtime === 'happy-dom') location.href = 'http://localhost:3000/'
})
afterEach(() => history.replaceState(undefined, '', here))

/** The page's address, with this in place of its query and fragment. */
function at(rest: string, state: unknown = undefined): void {
  history.replaceState(state, '', location.pathname + rest)
}

const address = (): string => location.search + location.hash

interface Rig {
  readonly server: AuthorizationServer
  readonly client: BrowserClient
  readonly addresses: string[]
  tokenRequests(): number
}

function rig(more: Partial<BrowserClientOptions> = {}): Rig {
  const redirectUri = location.origin + location.pathname
  const server = createAuthorizationServer({ clients: [{ clientId: 'app', redirectUris: [redirectUri] }] })
  const addresses: string[] = []
  const client = createBrowserClient({
    provider: oidc({ issuer: server.issuer, scopes: ['openid', 'offline_access'] }),
    clientId: 'app',
    redirectUri,
    fetch: (input, init) => {
      addresses.push(address())
      return server.fetch(input, init)
    },
    ...more,
  })
  return { server, client, addresses, tokenRequests: () => server.history.count({ endpoint: 'token' }) }
}

/** Brings the page back from the server with an answer. */
async function comeBack({ client, server }: Rig, appState?: unknown): Promise<URL> {
  const { url } = await client.start({ appState })
  const callback = await server.approve(url)
  at(`${callback.search}&kept=1`)
  return callback
}

describe('taking a callback out of the address', () => {
  it.each([
    ['?code=c&state=s', ''],
    ['?a=1&code=c&state=s&iss=i&session_state=x&b=%20+2', '?a=1&b=%20+2'],
    ['?error=access_denied&error_description=no&error_uri=u&state=s#top', '#top'],
    ['?error=server_error', ''],
    ['?lang=en#access_token=t&token_type=bearer&state=s&expires_in=1', '?lang=en'],
    ['#id_token=t&state=s&id=7', '#id=7'],
    ['?c%6Fde=c&state=s', ''],
  ])('takes it out of %s, and leaves %s', (before, after) => {
    at(before, { mine: 1 })
    expect(takeCallback(undefined)?.href).toContain(before)
    expect(address()).toBe(after)
    expect(history.state).toEqual({ mine: 1 })
  })

  it.each(['', '?code=c', '?state=s', '?q=code', '#/route?code=c', '#code', '?error_description=x'])(
    'leaves %s as it is',
    (before) => {
      at(before)
      expect(takeCallback(undefined)).toBeUndefined()
      expect(address()).toBe(before)
    },
  )

  it('leaves it where it is at another address than the redirect URI', () => {
    at('?code=c&state=s')
    expect(takeCallback(`${location.origin}/elsewhere`)).toBeUndefined()
    expect(takeCallback('https://other.example.com/')).toBeUndefined()
    expect(address()).toBe('?code=c&state=s')
  })

  it('knows a callback when it sees one', () => {
    expect(carriesCallback(new URL('https://app.example.com/?code=c&state=s'))).toBe(true)
    expect(carriesCallback(new URL('https://app.example.com/?page=2'))).toBe(false)
  })
})

describe('leaving for a server', () => {
  it.each(['javascript:alert(1)', 'data:text/html,x', 'http://id.example.com/', 'blob:https://a/b', 'file:///etc'])(
    'goes not to %s',
    (url) => {
      const before = location.href
      expect(() => leaveFor(new URL(url))).toThrow(expect.objectContaining({ code: 'config' }))
      expect(location.href).toBe(before)
    },
  )

  it.each(['https://id.example.com/', 'http://127.0.0.1:1/', 'http://localhost/', 'http://[::1]/'])(
    'may go to %s',
    (url) => {
      expect(travelable(new URL(url))).toBe(url)
    },
  )
})

describe('handleRedirectCallback', () => {
  it('uses the code once for five calls at once and one later, with a clean address from the first request on', async () => {
    const it = rig()
    await comeBack(it, { returnTo: '/inbox' })
    it.addresses.length = 0
    const results = await Promise.all(Array.from({ length: 5 }, () => it.client.handleRedirectCallback()))
    results.push(await it.client.handleRedirectCallback())
    expect(results.map((result) => result?.appState)).toEqual(Array.from({ length: 6 }, () => ({ returnTo: '/inbox' })))
    expect(it.tokenRequests()).toBe(1)
    expect(it.addresses.length).toBeGreaterThan(0)
    expect(new Set(it.addresses)).toEqual(new Set(['?kept=1']))
    it.client.dispose()
  })

  it('says that there is nothing to handle', async () => {
    const it = rig()
    expect(await it.client.handleRedirectCallback()).toBeUndefined()
    expect(await it.client.handleRedirectCallback('https://app.example.com/inbox?page=2')).toBeUndefined()
    it.client.dispose()
  })

  it('cleans the address of a forged callback too, and asks nobody', async () => {
    const it = rig()
    at('?code=forged&state=forged')
    await expect(it.client.handleRedirectCallback()).rejects.toMatchObject({ code: 'state_mismatch' })
    expect(address()).toBe('')
    expect(it.tokenRequests()).toBe(0)
    it.client.dispose()
  })

  it('cleans the address when the person said no, and says so each time', async () => {
    const it = rig()
    const { url } = await it.client.start()
    at((await it.server.approve(url, { deny: 'access_denied' })).search)
    await expect(it.client.handleRedirectCallback()).rejects.toMatchObject({ code: 'access_denied' })
    expect(address()).toBe('')
    await expect(it.client.handleRedirectCallback()).rejects.toMatchObject({ code: 'access_denied' })
    it.client.dispose()
  })

  it('can be called again when the server was out of reach before the code was used', async () => {
    let broken = false
    const it = rig()
    const second = rig({
      fetch: (input, init) => (broken ? Promise.reject(new TypeError('offline')) : it.server.fetch(input, init)),
      provider: oidc({ issuer: it.server.issuer }),
    })
    await comeBack({ ...it, client: second.client })
    // A page that came back knows no metadata yet.
    broken = true
    const fresh = rig({
      fetch: (input, init) => (broken ? Promise.reject(new TypeError('offline')) : it.server.fetch(input, init)),
      provider: oidc({ issuer: it.server.issuer }),
      transactions: pageTransactions(),
    })
    await expect(fresh.client.handleRedirectCallback()).rejects.toMatchObject({ code: 'network' })
    expect(address()).toBe('?kept=1')
    broken = false
    expect(await fresh.client.handleRedirectCallback()).toMatchObject({ saved: true })
    for (const { client } of [it, second, fresh]) client.dispose()
  })

  it('says that a sign-in took too long, also as a page that came back', async () => {
    const it = rig()
    const late = { clock: { ...realClock, now: () => Date.now() + 600_000 } }
    const fresh = rig({ ...late, fetch: it.server.fetch, provider: it.client.provider })
    await comeBack(it)
    const expired = { code: 'transaction_expired', detail: { after: 600_000 } }
    await expect(fresh.client.handleRedirectCallback()).rejects.toMatchObject(expired)
    expect(it.tokenRequests()).toBe(0)
    for (const { client } of [it, fresh]) client.dispose()
  })

  it('proves the key that it announced, also as a page that came back, and keeps it where no script can take it', async () => {
    const it = rig({ dpop: true, store: indexedDBStore({ name: 'announced' }) })
    if (runtime === 'happy-dom') {
      // It has no IndexedDB.
      await expect(it.client.start()).rejects.toMatchObject({ code: 'persist_failed' })
      return
    }
    const { url } = await it.client.start()
    expect(url.searchParams.get('dpop_jkt')).toMatch(/^[\w-]{43}$/)
    at((await it.server.approve(url)).search)
    const store = indexedDBStore({ name: 'announced' })
    const fresh = rig({
      dpop: true,
      store,
      fetch: it.server.fetch,
      provider: oidc({ issuer: it.server.issuer, scopes: ['openid', 'offline_access'] }),
    })
    expect(await fresh.client.handleRedirectCallback()).toMatchObject({ saved: true })
    const { proofKey } = (await store.get(fresh.client.provider.id)) ?? {}
    const pair = proofKey !== undefined && 'privateKey' in proofKey ? proofKey : undefined
    expect(pair?.privateKey.extractable).toBe(false)
    expect((await fresh.client.getToken({ forceRefresh: true })).tokenType).toBe('DPoP')
    for (const { client } of [it, fresh]) client.dispose()
  })

  it('says nothing of an address that it cannot read: there may be a code in it', async () => {
    const it = rig()
    const vaulted = createVaultClient({ worker: () => ({ postMessage: () => undefined }) })
    for (const { handleRedirectCallback } of [it.client, vaulted]) {
      const error: unknown = await handleRedirectCallback('/callback?code=secret&state=s').catch((e: unknown) => e)
      expect(error).toBeInstanceOf(TypeError)
      const { message, stack, ...rest } = error as Error
      expect(`${message}${stack}${JSON.stringify(rest)}`).not.toContain('secret')
    }
    it.client.dispose()
    vaulted.dispose()
  })

  it('takes the address from a router that has changed it', async () => {
    const it = rig()
    const callback = await comeBack(it, 7)
    at('')
    expect((await it.client.handleRedirectCallback(callback))?.appState).toBe(7)
    expect(it.tokenRequests()).toBe(1)
    it.client.dispose()
  })

  it('keeps nothing of a sign-in in any storage of the page when it is over', async () => {
    const it = rig()
    await comeBack(it)
    await it.client.handleRedirectCallback()
    const stored = [localStorage, sessionStorage].map((area) =>
      Object.keys(area).filter((key) => key.includes('latchkey')),
    )
    expect(stored).toEqual([[], []])
    it.client.dispose()
  })
})

describe('pageTransactions', () => {
  const transaction = {
    state: 'state-1',
    codeVerifier: 'verifier',
    slot: 'slot',
    issuer: 'https://id.example.com',
    clientId: 'app',
    redirectUri: 'https://app.example.com/',
    tokenEndpoint: 'https://id.example.com/token',
    scopes: [],
    startedAt: 0,
    expiresAt: 1000,
  }
  const clock = { now: () => 500 }

  it('gives each transaction once, to another object too, as to a page that came back', async () => {
    await pageTransactions({ clock }).put(transaction)
    await pageTransactions({ clock }).put({ ...transaction, state: 'state-2' })
    expect(await pageTransactions({ clock }).take('state-2')).toEqual({ ...transaction, state: 'state-2' })
    const takers = [pageTransactions({ clock }), pageTransactions({ clock })]
    const taken = await Promise.all(takers.map((store) => store.take('state-1')))
    expect(taken.filter((one) => one !== undefined)).toEqual([transaction])
  })

  it('gives one that has expired, once, so that somebody can say so', async () => {
    await pageTransactions({ clock }).put(transaction)
    const late = pageTransactions({ clock: { now: () => 1000 } })
    expect(await late.take('state-1')).toEqual(transaction)
    expect(await late.take('state-1')).toBeUndefined()
  })

  it('removes what nobody came back for, when the next one goes', async () => {
    const kept = { ...transaction, state: 'state-2', expiresAt: 3000 }
    await pageTransactions({ clock }).put(transaction)
    await pageTransactions({ clock: { now: () => 2000 } }).put(kept)
    sessionStorage.clear()
    // Asked by a clock that would still have it.
    const left = await Promise.all(['state-1', 'state-2'].map((state) => pageTransactions({ clock }).take(state)))
    expect(left).toEqual([undefined, runtime === 'happy-dom' ? undefined : kept])
  })

  it('does with IndexedDB alone when the session storage was lost', async () => {
    const inBrowsers = runtime !== 'happy-dom'
    await pageTransactions({ clock }).put(transaction)
    sessionStorage.clear()
    expect((await pageTransactions({ clock }).take('state-1')) !== undefined).toBe(inBrowsers)
  })

  it('keeps a key in IndexedDB alone, as a key, and refuses one where there is none', async () => {
    const proofKey = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify'])
    const put = pageTransactions({ clock }).put({ ...transaction, proofKey })
    if (runtime === 'happy-dom') {
      await expect(put).rejects.toMatchObject({ code: 'persist_failed' })
      expect(Object.values({ ...sessionStorage }).join()).not.toContain('state-1')
      return
    }
    await put
    const texts = Object.values({ ...sessionStorage })
    expect(texts.join()).toContain('state-1')
    expect(texts.join()).not.toContain('proofKey')
    const taken = await pageTransactions({ clock }).take('state-1')
    const pair = taken?.proofKey !== undefined && 'privateKey' in taken.proofKey ? taken.proofKey : undefined
    expect(pair?.privateKey.extractable).toBe(false)
    const data = new TextEncoder().encode('text')
    const algorithm = { name: 'ECDSA', hash: 'SHA-256' }
    const signature = await crypto.subtle.sign(algorithm, (pair ?? proofKey).privateKey, data)
    expect(await crypto.subtle.verify(algorithm, proofKey.publicKey, signature, data)).toBe(true)
  })

  it('gives a tab that was duplicated, with its session storage, nothing twice', async () => {
    await pageTransactions({ clock }).put(transaction)
    const copy = Object.entries(sessionStorage)
    expect(await pageTransactions({ clock }).take('state-1')).toBeDefined()
    const kept = runtime === 'happy-dom' ? [] : copy
    for (const [key, value] of kept) sessionStorage.setItem(key, String(value))
    expect(await pageTransactions({ clock }).take('state-1')).toBeUndefined()
  })
})

describe('signing out', () => {
  it('says what it could not do: end a session at a server that it cannot leave for', async () => {
    const it = rig({ transactions: memoryTransactions() })
    await comeBack(it)
    await it.client.handleRedirectCallback()
    expect(await it.client.signOut()).toEqual({ revocation: 'done', endSession: 'skipped' })
    expect(it.client.getSnapshot().status).toBe('signed-out')
    it.client.dispose()
  })
})
