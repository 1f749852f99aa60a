import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import * as latchkey from '../../../src/index.ts'
import { rig, settled } from '../client/rig.ts'
import type { Rig } from '../client/rig.ts'

const unhandled: unknown[] = []
const note = (event: Event): void => void unhandled.push((event as PromiseRejectionEvent).reason)
const canListen = typeof globalThis.addEventListener === 'function'

beforeAll(() => {
  if (canListen) globalThis.addEventListener('unhandledrejection', note)
})

afterAll(() => {
  if (canListen) globalThis.removeEventListener('unhandledrejection', note)
})

const marker = 'native-words-of-a-proxy'

/** An object that throws whatever is done with it. */
function hostile(): object {
  const refuse = (): never => {
    throw new Error(marker)
  }
  return new Proxy(() => undefined, {
    get: refuse,
    has: refuse,
    ownKeys: refuse,
    getOwnPropertyDescriptor: refuse,
    getPrototypeOf: refuse,
    apply: refuse,
    construct: refuse,
  })
}

function hostileObject(): object {
  const refuse = (): never => {
    throw new Error(marker)
  }
  return new Proxy(
    {},
    { get: refuse, has: refuse, ownKeys: refuse, getOwnPropertyDescriptor: refuse, getPrototypeOf: refuse },
  )
}

const hostiles: readonly unknown[] = [hostile(), hostileObject()]
const unguarded: readonly string[] = ['parseCallback']

const strange: readonly unknown[] = [
  null,
  0,
  -1,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  10n,
  true,
  '',
  'text',
  '\u0000',
  '\ud800',
  'x'.repeat(1_000_000),
  Symbol('symbol'),
  () => undefined,
  [],
  [null],
  {},
  new Date(Number.NaN),
  new Map(),
  Object.create(null),
  { __proto__: null, toString: undefined },
  ...hostiles,
  { signal: 'none' },
  { signal: {} },
]

/** Names of native mistakes that would mean that nobody looked at the input. */
const native =
  /fetch failed|Failed to fetch|NetworkError|Load failed|is not a function|is not iterable|is not an object|Cannot (read|convert|destructure|set)|undefined \(reading|null \(reading|has no properties|Illegal invocation|reduce of empty|of undefined|Invalid URL|BigInt/

/** Calls, and gives what was thrown, now or later. */
async function failureOf(call: () => unknown): Promise<unknown> {
  try {
    await call()
    return undefined
  } catch (error) {
    return error
  }
}

/** What is wrong with a failure, in words. */
function flaw(error: unknown): string | undefined {
  if (error === undefined || latchkey.isOAuthError(error)) return undefined
  if (!(error instanceof TypeError)) return `no TypeError: ${String((error as Error | undefined)?.message)}`
  const ours = !native.test(error.message) && !error.message.includes(marker) && /[.\w]$/.test(error.message)
  return ours ? undefined : `not our words: ${error.message}`
}

const unsafe = (value: unknown): never => value as never

type Call = (client: latchkey.Client, value: unknown) => unknown

const calls: Readonly<Record<string, Call>> = {
  start: (client, value) => client.start(unsafe(value)),
  'start: scopes': (client, value) => client.start({ scopes: unsafe(value) }),
  'start: one scope': (client, value) => client.start({ scopes: [unsafe(value)] }),
  'start: resource': (client, value) => client.start({ resource: unsafe(value) }),
  'start: redirectUri': (client, value) => client.start({ redirectUri: unsafe(value) }),
  'start: appState': (client, value) => client.start({ appState: value }),
  'start: authorizationParams': (client, value) => client.start({ authorizationParams: unsafe(value) }),
  'start: one parameter': (client, value) => client.start({ authorizationParams: { prompt: unsafe(value) } }),
  'start: signal': (client, value) => client.start({ signal: unsafe(value) }),
  finish: (client, value) => client.finish(unsafe(value)),
  'finish: options': (client, value) => client.finish('?code=a&state=b', unsafe(value)),
  getToken: (client, value) => client.getToken(unsafe(value)),
  'getToken: minValidity': (client, value) => client.getToken({ minValidity: unsafe(value) }),
  'getToken: forceRefresh': (client, value) => client.getToken({ forceRefresh: unsafe(value) }),
  'getToken: signal': (client, value) => client.getToken({ signal: unsafe(value) }),
  getAccessToken: (client, value) => client.getAccessToken(unsafe(value)),
  fetch: (client, value) => client.fetch(unsafe(value)),
  'fetch: init': (client, value) => client.fetch('https://as.latchkey.test/api/echo', unsafe(value)),
  'fetch: headers': (client, value) => client.fetch('https://as.latchkey.test/api/echo', { headers: unsafe(value) }),
  'fetch: method': (client, value) => client.fetch('https://as.latchkey.test/api/echo', { method: unsafe(value) }),
  'fetch: body': (client, value) =>
    client.fetch('https://as.latchkey.test/api/echo', { method: 'POST', body: unsafe(value) }),
  'fetch: signal': (client, value) => client.fetch('https://as.latchkey.test/api/echo', { signal: unsafe(value) }),
  'fetch: redirect': (client, value) => client.fetch('https://as.latchkey.test/api/echo', { redirect: unsafe(value) }),
  signOut: (client, value) => client.signOut(unsafe(value)),
  'signOut: revoke': (client, value) => client.signOut({ revoke: unsafe(value) }),
  revoke: (client, value) => client.revoke(unsafe(value)),
  userInfo: (client, value) => client.userInfo(unsafe(value)),
  device: (client, value) => client.device(unsafe(value)),
  'device: scopes': (client, value) => client.device({ scopes: unsafe(value) }),
  onUnauthorized: (client, value) => client.onUnauthorized(value),
  subscribe: (client, value) => client.subscribe(unsafe(value)),
  'readable.subscribe': (client, value) => client.readable.subscribe(unsafe(value)),
  createClient: (_, value) => latchkey.createClient(unsafe(value)),
  ...Object.fromEntries(
    [
      'provider',
      'clientId',
      'clientAuth',
      'redirectUri',
      'scopes',
      'resource',
      'store',
      'transactions',
      'account',
      'fetch',
      'clock',
      'refreshBefore',
      'timeout',
      'lockTimeout',
      'transactionTimeout',
      'apiOrigins',
      'dpop',
      'pushedAuthorization',
      'allowInsecureLoopback',
      'onEvent',
    ].map((name): [string, Call] => [
      `createClient: ${name}`,
      (client, value) => latchkey.createClient({ provider: client.provider, clientId: 'app', [name]: value }),
    ]),
  ),
  'createClient: a member of the provider': (client, value) =>
    ['id', 'issuer', 'endpoints', 'redirect', 'scopes', 'rotation', 'apiOrigins', 'tokenRequest', 'readError'].map(
      (name) => latchkey.createClient({ clientId: 'app', provider: unsafe({ ...client.provider, [name]: value }) }),
    ),
  parseCallback: (_, value) => latchkey.parseCallback(unsafe(value)),
  isOAuthError: (_, value) => latchkey.isOAuthError(value),
  untrustedText: (_, value) => latchkey.untrustedText(value),
}

/** A client whose requests end quickly, whatever it is asked. */
async function signedIn(): Promise<Rig> {
  const made = rig()
  await made.signIn()
  return made
}

describe('bad input', () => {
  it.each(Object.keys(calls))('to %s gives a typed error with a sentence of ours, or does no harm', async (name) => {
    const { client } = await signedIn()
    const flaws: unknown[] = []
    for (const [index, value] of strange.entries()) {
      // Two functions of other rooms look at what they are given without a guard.
      if (unguarded.includes(name) && hostiles.includes(value)) continue
      const found = flaw(await failureOf(() => calls[name]?.(client, value)))
      if (found !== undefined) flaws.push([index, found])
    }
    expect(flaws).toEqual([])
  })

  it('of any shape gives a typed error or does no harm', async () => {
    const made = await signedIn()
    const names = Object.keys(calls).filter((name) => !/^(signOut|revoke)/.test(name))
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), fc.anything({ withNullPrototype: true }), async (name, value) => {
        expect(flaw(await failureOf(() => calls[name]?.(made.client, value)))).toBe(undefined)
      }),
      { numRuns: 60 },
    )
    expect(made.client.getSnapshot().status).toBe('signed-in')
  })

  it('as a callback never passes, and nothing is asked of the server', async () => {
    const { client, server } = await signedIn()
    const before = server.history.count()
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.array(fc.nat({ max: 65_535 })).map((units) => String.fromCharCode(...units)),
          fc
            .array(fc.tuple(fc.constantFrom('code', 'state', 'error', 'iss', 'response', 'x'), fc.string()))
            .map((pairs) => `https://app.example.com/callback?${new URLSearchParams(pairs)}`),
        ),
        async (text) => {
          const error = await failureOf(() => client.finish(text))
          expect(latchkey.isOAuthError(error)).toBe(true)
        },
      ),
      { numRuns: 60 },
    )
    expect(server.history.count()).toBe(before)
  })

  it('as a URL never takes the token anywhere else', async () => {
    const { server, another } = rig()
    const allowed = new URL(server.apiUrl).origin
    const seen: string[] = []
    const client = another({
      fetch: async (input, init) => {
        const request = new Request(input, init)
        if (request.headers.has('authorization')) seen.push(new URL(request.url).origin)
        return server.fetch(request)
      },
    })
    await client.finish(await server.approve((await client.start()).url))
    const piece = fc.constantFrom(
      'https://',
      'as.latchkey.test',
      '@',
      '\\',
      '/',
      '//',
      ':',
      '.',
      '?',
      '#',
      'evil.example',
      '%2f',
      '\t',
      '\n',
      ' ',
      'http:',
      ':443',
      'user:pw',
      '..',
    )
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 8 }), fc.boolean(), async (pieces, object) => {
        const text = pieces.join('')
        const input = object && URL.canParse(text) ? new URL(text) : text
        expect(flaw(await failureOf(() => client.fetch(input)))).toBe(undefined)
      }),
      { numRuns: 100 },
    )
    expect(new Set(seen)).toEqual(new Set(seen.length === 0 ? [] : [allowed]))
  })
})

describe('after all of it', () => {
  it('no rejection was left unhandled', async () => {
    await settled()
    expect(unhandled).toEqual([])
  })
})

describe('objects of another realm', () => {
  it('may be an error', () => {
    const error = { [Symbol.for('latchkey.OAuthError')]: true, code: 'network' }
    expect(latchkey.isOAuthError(error)).toBe(true)
    expect(latchkey.isOAuthError({ code: 'network' })).toBe(false)
  })

  it('may be a signal', async () => {
    const listeners: (() => void)[] = []
    const signal = {
      aborted: false,
      addEventListener: (_: string, listener: () => void) => listeners.push(listener),
      removeEventListener: () => undefined,
    }
    const { client, signIn, server, clock } = rig()
    await signIn()
    clock.advance(3_600_000)
    const held = server.faults.hold('token')
    const waiting = client.getToken({ signal: signal as unknown as AbortSignal })
    await held.arrived
    for (const listener of listeners) listener()
    await expect(waiting).rejects.toMatchObject({ code: 'aborted' })
    held.release()
  })
})
