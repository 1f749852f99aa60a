import { describe, expect, it } from 'vitest'
import type { Store, StoredRecord } from '../../../src/contracts.ts'
import { fingerprint, generateProofKey, writeProofKey } from '../../../src/core/index.ts'
import { memoryStore, OAuthError } from '../../../src/index.ts'
import { hour, workerRig } from './rig.ts'
import type { WorkerRig } from './rig.ts'

/** Somebody whose tokens the handler has just served, in the name of account `one`. */
async function served(): Promise<
  WorkerRig & { readonly ask: () => Promise<number>; readonly said: () => Promise<object>; readonly key: string }
> {
  const rig = workerRig({ server: { rotation: 'strict' }, options: { authenticate: () => 'one' } })
  const browser = rig.browser()
  await rig.signIn(browser)
  const ask = async (): Promise<number> => (await browser.script('/api/echo')).status
  for (let count = 0; count < 2; count++) expect(await ask()).toBe(200)
  const [key = ''] = await rig.store.keys()
  return { ...rig, ask, said: async () => (await browser.script('/api/echo')).json(), key }
}

/** Somebody else writes, and the handler looks again. */
async function rewritten(
  { store, clock, key }: Awaited<ReturnType<typeof served>>,
  change: Partial<StoredRecord>,
): Promise<void> {
  await store.update(key, (record) => record && { ...record, ...change })
  clock.advance(10_000)
}

describe('a token that is at hand', () => {
  it('is served to many at once, and the store is asked by none of them', async () => {
    const { ask, ...rig } = await served()
    const before = [rig.tokenCalls(), rig.apiCalls()]
    expect(new Set(await Promise.all(Array.from({ length: 20 }, ask)))).toEqual(new Set([200]))
    expect([rig.tokenCalls(), rig.apiCalls() - 20]).toEqual(before)
  })

  it.each<[string, string, Partial<StoredRecord>]>([
    ['was issued to another client', 'config', { clientId: 'another' }],
    ['comes from another issuer', 'issuer_mismatch', { issuer: 'https://other.example.com' }],
    ['could not stand in a header', 'store_corrupt', { tokens: { accessToken: 'a\nb', tokenType: 'Bearer' } }],
    ['is over', 'sign_in_required', { tokens: { accessToken: 'a', tokenType: 'Bearer', expiresAt: 0 } }],
  ])('goes nowhere when it %s', async (_, error, change) => {
    const rig = await served()
    const before = rig.apiCalls()
    await rewritten(rig, change)
    // Twice: at first sight, and from memory.
    for (let count = 0; count < 2; count++) expect(await rig.said()).toEqual({ error })
    expect(rig.apiCalls()).toBe(before)
  })

  it('is renewed in time, while it is still served', async () => {
    const rig = await served()
    const before = rig.tokenCalls()
    rig.clock.advance(hour - 120_000)
    expect(await rig.ask()).toBe(200)
    await expect.poll(() => rig.tokenCalls()).toBe(before + 1)
  })

  it('is renewed once when the API refuses it, for all whom it refuses', async () => {
    const { ask, ...rig } = await served()
    const before = rig.tokenCalls()
    rig.server.revokeAccessTokens()
    expect(new Set(await Promise.all(Array.from({ length: 20 }, ask)))).toEqual(new Set([200]))
    expect(rig.tokenCalls()).toBe(before + 1)
  })

  it('of a session that the server has ended is not served to its end', async () => {
    const rig = await served()
    const before = rig.apiCalls()
    const hash = await fingerprint(
      (await rig.store.get(rig.key)) ?? { tokens: { accessToken: '', tokenType: 'Bearer' } },
    )
    await rewritten(rig, { dead: { hash, at: rig.clock.now(), error: 'invalid_grant' } })
    for (let count = 0; count < 2; count++) expect(await rig.ask()).toBe(401)
    expect(rig.apiCalls()).toBe(before)
  })

  it('gives way to one that could not be written yet', async () => {
    let full = false
    const store = memoryStore()
    const update: Store['update'] = async (key, change) => {
      if (full) throw new OAuthError('persist_failed', { where: 'test', reason: 'full' })
      return store.update(key, change)
    }
    const lock: Store['lock'] = (key, task, options) => store.lock(key, (held) => task({ ...held, update }), options)
    const rig = workerRig({ options: { authenticate: () => 'one', store: { ...store, update, lock } } })
    const browser = rig.browser()
    await rig.signIn(browser)
    const echo = async (): Promise<unknown> => (await browser.script('/api/echo')).status
    expect(await echo()).toBe(200)
    rig.server.revokeAccessTokens()
    const hold = rig.server.faults.hold('token')
    const renewed = echo()
    await hold.arrived
    full = true
    hold.release()
    expect(await renewed).toBe(200)
    const before = rig.apiCalls()
    // The store still says what the API has refused, and somebody has just looked.
    await rig.handler.desk.clients.store.get((await store.keys())[0] ?? '')
    expect([await echo(), rig.apiCalls() - before]).toEqual([200, 1])
  })
})

describe('what the API answers', () => {
  it.each(['/.well-known/me', '/me?about=/.well-known/'])('at %s is told to nobody else', async (path) => {
    const api = 'https://api.example.com'
    const rig = workerRig({
      options: {
        proxy: [{ from: '/api', to: api, methods: ['GET'], paths: ['/**'] }],
        authenticate: ({ headers }) => headers.get('x-who') ?? undefined,
      },
      between: (server) => async (input, init) =>
        String(input).startsWith(api) ? new Response(saidOf(new Headers(init?.headers))) : server(input, init),
    })
    const browser = rig.browser()
    for (const who of ['ada', 'grace']) {
      const tokens = { accessToken: who, tokenType: 'DPoP', refreshToken: who } as const
      const proofKey = await writeProofKey(await generateProofKey({ extractable: true }))
      await rig.store.update(`${rig.options.provider.id}@${who}`, () => ({ tokens, proofKey }))
    }
    const said = []
    for (const who of ['ada', 'grace']) {
      said.push(await (await browser.script(`/api${path}`, { headers: { 'x-who': who } })).text())
    }
    expect(said).toEqual(['DPoP ada, proven', 'DPoP grace, proven'])
  })
})

function saidOf(headers: Headers): string {
  return `${headers.get('authorization')}, ${headers.has('dpop') ? 'proven' : 'not proven'}`
}
