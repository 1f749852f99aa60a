import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { createClient, isOAuthError, memoryStore } from '../../../src/index.ts'
import type { Store } from '../../../src/index.ts'
import type { EndpointName, Fault } from '../../../src/testing/index.ts'
import { hour } from '../client/rig.ts'
import { canaryRig } from './canary-rig.ts'
import type { CanaryOptions, CanaryRig } from './canary-rig.ts'
import { leaksIn, textsOf } from './leak-scan.ts'

const methods = ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const
const printed: unknown[] = []
const consoles = new Map(methods.map((method) => [method, console[method]]))
/** The codes of all failures that were looked at. */
const codes = new Set<string>()

beforeAll(() => {
  for (const method of methods) console[method] = (...words: unknown[]) => void printed.push(words)
})

afterAll(() => {
  for (const [method, original] of consoles) console[method] = original
})

/** Runs `work`, and gives what it threw, or the answer if it threw nothing. */
async function outcome(work: () => Promise<unknown>): Promise<unknown> {
  try {
    return await work()
  } catch (error) {
    if (isOAuthError(error)) codes.add(error.code)
    return error
  }
}

/** A callback whose code is known to be a secret. */
async function callbackOf(rig: CanaryRig): Promise<URL> {
  const { url } = await rig.client.start()
  const callback = await rig.server.approve(url)
  const code = callback.searchParams.get('code')
  if (code !== null) rig.secrets.set(code, 'code')
  return callback
}

async function signedIn(options?: CanaryOptions): Promise<CanaryRig> {
  const rig = canaryRig(options)
  await rig.client.finish(await callbackOf(rig))
  return rig
}

const faults: Readonly<Record<string, Fault>> = {
  drop: { drop: true },
  'a lost answer': { drop: true, when: 'after-commit' },
  'status 400': { status: 400 },
  invalid_grant: { status: 400, body: { error: 'invalid_grant' } },
  access_denied: { status: 400, body: { error: 'access_denied', error_description: 'No.' } },
  'status 401': { status: 401 },
  'status 403 with a page': { status: 403, body: '<html>no</html>' },
  'status 429': { status: 429, retryAfter: 5 },
  'status 503': { status: 503 },
  'a redirect': { redirect: 'https://evil.example/' },
  'no JSON': { body: 'nothing' },
  'a page': { damage: 'html' },
  'half an answer': { damage: 'truncated' },
  'a huge answer': { damage: 'huge' },
  'an unusable token': { fields: { access_token: 'line\nbreak-canary-0123456789' } },
  'another token type': { fields: { token_type: 'mac' } },
  'an expiry that is none': { fields: { expires_in: 'soon' } },
  'a foreign ID token': { fields: { id_token: 'a.b.c' } },
  'an error within a success': { fields: { error: 'invalid_grant' } },
}

const endpoints: readonly EndpointName[] = ['metadata', 'jwks', 'token', 'revocation', 'userInfo', 'api']

describe('the scan', () => {
  it('finds a secret wherever it may hide', () => {
    const secrets = new Map([['canary-1', 'canary']])
    const hidden = new Error('x', { cause: { deep: [{ [Symbol('canary-1')]: 1 }] } })
    expect(leaksIn(hidden, secrets)).toEqual(['canary'])
    expect(leaksIn(Object.defineProperty({}, 'x', { value: 'canary-1', enumerable: false }), secrets)).toEqual([
      'canary',
    ])
    expect(leaksIn({ toString: () => btoa('canary-1') }, secrets)).toEqual(['canary'])
    expect(leaksIn(new URL('https://x.example/?a=canary-1'), secrets)).toEqual(['canary'])
    expect(leaksIn({ fine: ['nothing'] }, secrets)).toEqual([])
    expect(textsOf(new Error('words')).join()).toContain('words')
  })
})

describe.each([
  ['a plain server', false],
  ['a server that repeats what it was sent', true],
])('no secret is shown with %s', (_, echo) => {
  for (const endpoint of endpoints) {
    for (const [name, fault] of Object.entries(faults)) {
      // Only an error repeats anything.
      if (echo && (fault.status ?? 200) < 400) continue
      it(`when ${endpoint} answers with ${name}`, async () => {
        const options: CanaryOptions = { echo, secret: 'client-secret-canary-0123456789' }
        const fresh = canaryRig(options)
        const callback = endpoint === 'metadata' ? undefined : await callbackOf(fresh)
        fresh.server.faults.always(endpoint, fault)
        const finished = await outcome(() =>
          callback === undefined ? fresh.client.start() : fresh.client.finish(callback),
        )
        if (callback !== undefined) expect(fresh.leaks(finished)).toEqual([])

        const rig = await signedIn(options)
        rig.server.faults.always(endpoint, fault)
        for (const work of [
          () => rig.client.userInfo(),
          () => rig.client.fetch(rig.api, { method: 'POST', body: 'x' }).then(({ status }) => status),
          () => rig.client.revoke(),
          () => rig.client.getToken({ forceRefresh: true }).then(() => 'refreshed'),
          () => rig.client.token().then(() => 'given'),
          () => rig.client.onUnauthorized({}),
          () => rig.client.signOut(),
          () => rig.client.getToken(),
        ]) {
          expect(rig.leaks(await outcome(work))).toEqual([])
        }
      })
    }
  }

  it('when the callback is not what it should be', async () => {
    const changes: ((callback: URL) => unknown)[] = [
      (callback) => callback.searchParams.set('iss', 'https://evil.example'),
      (callback) => callback.searchParams.delete('iss'),
      (callback) => callback.searchParams.append('code', 'another'),
      (callback) => callback.searchParams.set('error', 'access_denied'),
      (callback) => callback.searchParams.delete('state'),
      (callback) => callback.searchParams.set('state', 'forged'),
      (callback) => callback.searchParams.set('response', 'jwt'),
      (callback) => (callback.pathname = '/elsewhere'),
      (callback) => {
        const { searchParams } = callback
        searchParams.set('error', searchParams.get('state') ?? '')
        searchParams.set('error_description', `This was ${searchParams.get('state')}`)
        searchParams.delete('code')
      },
    ]
    for (const change of changes) {
      const rig = canaryRig({ echo })
      const callback = await callbackOf(rig)
      change(callback)
      expect(rig.leaks(await outcome(() => rig.client.finish(callback)))).toEqual([])
      expect(rig.leaks(await outcome(() => rig.client.finish(callback)))).toEqual([])
    }
    const late = canaryRig({ echo })
    const callback = await callbackOf(late)
    late.clock.advance(hour)
    expect(late.leaks(await outcome(() => late.client.finish(callback)))).toEqual([])
    const bare = canaryRig({ echo })
    const code = (await callbackOf(bare)).searchParams.get('code') ?? ''
    expect(bare.leaks(await outcome(() => bare.client.finish(code)))).toEqual([])
  })

  it('when all goes well', async () => {
    const rig = await signedIn({ echo, secret: 'client-secret-canary-0123456789' })
    const { appState: __, ...result } = await rig.client.finish(await callbackOf(rig))
    expect(rig.leaks(result)).toEqual([])
    rig.clock.advance(hour)
    expect(rig.leaks((await rig.client.fetch(rig.api)).status)).toEqual([])
    expect(rig.leaks(await outcome(() => rig.client.userInfo()))).toEqual([])
    expect(rig.leaks(await rig.client.signOut())).toEqual([])
    expect(rig.secrets.size).toBeGreaterThan(8)
  })
})

describe('no secret is shown', () => {
  it('when the session is over, for whatever reason', async () => {
    const rejected = await signedIn()
    rejected.server.revokeSessions()
    expect(rejected.leaks(await outcome(() => rejected.client.getToken({ forceRefresh: true })))).toEqual([])
    rejected.clock.advance(hour)
    expect(rejected.leaks(await outcome(() => rejected.client.getToken()))).toEqual([])

    const overtaken = await signedIn()
    const held = overtaken.server.faults.hold('token', { when: 'after-commit' })
    const waiting = outcome(() => overtaken.client.getToken({ forceRefresh: true }))
    await held.arrived
    await overtaken.client.signOut()
    held.release()
    expect(overtaken.leaks(await waiting)).toEqual([])

    const leaving = await signedIn()
    const signal = AbortSignal.abort()
    expect(leaving.leaks(await outcome(() => leaving.client.getToken({ signal })))).toEqual([])
  })

  it('when the server does not answer in time', async () => {
    const rig = await signedIn({ client: { timeout: 1000 } })
    const held = rig.server.faults.hold('token')
    const waiting = outcome(() => rig.client.getToken({ forceRefresh: true }))
    await held.arrived
    rig.clock.advance(1000)
    expect(rig.leaks(await waiting)).toEqual([])
    held.release()
  })

  it('when the token may not go where it was asked to, or the API fails', async () => {
    const rig = await signedIn()
    for (const url of ['https://evil.example/', 'nowhere', 'https://user:pass@as.latchkey.test/api/echo']) {
      expect(rig.leaks(await outcome(() => rig.client.fetch(url)))).toEqual([])
    }
    const { accessToken } = await rig.client.getToken()
    const failing = createClient({
      provider: rig.client.provider,
      clientId: 'app',
      clock: rig.clock,
      store: { ...memoryStore(), get: async () => ({ tokens: { accessToken, tokenType: 'Bearer' } }) },
      apiOrigins: ['https://as.latchkey.test'],
      fetch: async (_, init) => {
        const repeated = JSON.stringify(init?.headers)
        throw Object.assign(new TypeError(`failed: ${repeated}`, { cause: new Error(repeated) }), { request: init })
      },
    })
    expect(rig.leaks(await outcome(() => failing.fetch('https://as.latchkey.test/api/echo')))).toEqual([])
  })

  it('when the store fails and says with what', async () => {
    const inner = memoryStore()
    let broken = false
    const loud: Store = {
      ...inner,
      get: async (key) => {
        if (broken) throw new Error(`Cannot read ${JSON.stringify(await inner.get(key))}`)
        return inner.get(key)
      },
      update: (key, change) =>
        inner.update(key, (current) => {
          const next = change(current)
          if (broken) throw new Error(`Cannot write ${JSON.stringify(next)} over ${JSON.stringify(current)}`)
          return next
        }),
      lock: (key, task, options) => inner.lock(key, () => task(loud), options),
    }
    const rig = await signedIn({ client: { store: loud } })
    broken = true
    for (const work of [
      () => rig.client.getToken({ forceRefresh: true }).then(() => 'refreshed'),
      async () => rig.client.finish(await callbackOf(rig)),
      () => rig.client.signOut(),
      () => rig.another({ store: loud }).getToken(),
    ]) {
      expect(rig.leaks(await outcome(work))).toEqual([])
    }
  })

  it('when the configuration cannot be used', async () => {
    const rig = await signedIn()
    const foreign = rig.another({ clientId: 'other' })
    expect(rig.leaks(await outcome(() => foreign.getToken()))).toEqual([])
    const elsewhere = rig.another({ provider: { ...rig.client.provider, issuer: 'https://evil.example' } })
    expect(rig.leaks(await outcome(() => elsewhere.getToken()))).toEqual([])
    expect(rig.leaks(await outcome(() => rig.client.device({ scopes: ['nothing'] })))).toEqual([])
  })

  it('to other places than it must go: the URLs hold a state and a challenge, and no more', async () => {
    const rig = await signedIn()
    await rig.client.fetch(rig.api)
    await rig.client.getToken({ forceRefresh: true })
    await rig.client.signOut()
    expect(rig.urls.length).toBeGreaterThan(5)
    expect(leaksIn(rig.urls, rig.secrets)).toEqual([])
    const { url } = await rig.client.start()
    expect(leaksIn(url, rig.secrets).toSorted()).toEqual(['nonce', 'state'])
    expect([...url.searchParams.keys()].toSorted()).toEqual([
      'client_id',
      'code_challenge',
      'code_challenge_method',
      'nonce',
      'redirect_uri',
      'response_type',
      'scope',
      'state',
    ])
  })

  it('with a key of ours, by DPoP', async () => {
    const rig = await signedIn({ server: { dpop: 'required', dpopNonces: 'stable' }, client: { dpop: true } })
    rig.server.faults.always('token', { status: 400, body: { error: 'invalid_dpop_proof' } })
    expect(rig.leaks(await outcome(() => rig.client.getToken({ forceRefresh: true })))).toEqual([])
    rig.server.revokeAccessTokens()
    expect(rig.leaks((await rig.client.fetch(rig.api)).status)).toEqual([])
  })
})

describe('after all of it', () => {
  it('nothing was printed, and the failures were many', () => {
    expect(printed).toEqual([])
    expect([...codes].toSorted()).toEqual(
      expect.arrayContaining([
        'aborted',
        'access_denied',
        'authorization_failed',
        'config',
        'invalid_callback',
        'invalid_response',
        'issuer_mismatch',
        'network',
        'origin_not_allowed',
        'rate_limited',
        'server_error',
        'sign_in_required',
        'signed_out',
        'state_mismatch',
        'store_denied',
        'timeout',
        'transaction_expired',
        'unexpected_redirect',
      ]),
    )
  })
})
