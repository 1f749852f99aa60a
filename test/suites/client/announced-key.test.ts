import { calculateJwkThumbprint, decodeProtectedHeader } from 'jose'
import { describe, expect, it } from 'vitest'
import type { Fetch, Store, Transaction, TransactionStore } from '../../../src/index.ts'
import { memoryStore } from '../../../src/stores/memory.ts'
import { memoryTransactions } from '../../../src/stores/memory-transactions.ts'
import { rig } from './rig.ts'
import type { Rig } from './rig.ts'
import { faultyStore } from '../lifecycle/faulty-store.ts'

interface Sent {
  readonly path: string
  /** The thumbprint of the key that the request's proof names. */
  readonly jkt: string | undefined
  readonly body: URLSearchParams
}

/** A rig that binds tokens to a key, and what its client sent. */
function boundRig(client: NonNullable<Parameters<typeof rig>[0]>['client'] = {}): Rig & { readonly sent: Sent[] } {
  const sent: Sent[] = []
  const between =
    (server: Fetch): Fetch =>
    async (input, init) => {
      const request = new Request(input, init)
      const proof = request.headers.get('dpop')
      const jwk = proof === null ? undefined : decodeProtectedHeader(proof).jwk
      const jkt = jwk && (await calculateJwkThumbprint(jwk))
      const { pathname: path } = new URL(request.url)
      sent.push({ path, jkt, body: new URLSearchParams(await request.clone().text()) })
      return server(request)
    }
  return { ...rig({ server: { dpop: 'required' }, client: { dpop: true, ...client }, between }), sent }
}

const tokenRequests = (sent: readonly Sent[]): readonly Sent[] => sent.filter(({ path }) => path.endsWith('/token'))

/** A store of JSON, as a database or a cookie is. */
function jsonStore(): Store {
  const { keepsKeys: _, ...inner } = memoryStore()
  return {
    ...inner,
    update: (key, change) =>
      inner.update(key, (current) => {
        const next = change(current)
        return next === undefined || next === current ? next : json(next)
      }),
  }
}

/** The same for transactions; `put` shows what is kept. */
function jsonTransactions(kept: Transaction[] = [], keepsKeys = false): TransactionStore {
  const inner = memoryTransactions({ clock: { now: () => 0 } })
  return {
    ...(keepsKeys && { keepsKeys }),
    put: (transaction) => {
      kept.push(json(transaction))
      return inner.put(json(transaction))
    },
    take: inner.take,
  }
}

const json = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T

describe('the key that tokens will be bound to', () => {
  it('is announced with the authorization request, and proven with the code', async () => {
    const { client, server, sent } = boundRig()
    const { url } = await client.start()
    const announced = url.searchParams.get('dpop_jkt')
    expect(announced).toMatch(/^[\w-]{43}$/)
    await client.finish(await server.approve(url))
    expect(tokenRequests(sent).map(({ jkt }) => jkt)).toEqual([announced])
    await client.getToken({ forceRefresh: true })
    expect(tokenRequests(sent).map(({ jkt }) => jkt)).toEqual([announced, announced])
  })

  it('is another one for each sign-in, and none where tokens are not bound', async () => {
    const { client } = boundRig()
    const urls = await Promise.all([client.start(), client.start()])
    expect(new Set(urls.map(({ url }) => url.searchParams.get('dpop_jkt'))).size).toBe(2)
    const { url } = await rig().client.start()
    expect(url.searchParams.has('dpop_jkt')).toBe(false)
  })

  it('travels with a pushed request, which proves it, and not in the address', async () => {
    const { client, server, sent } = boundRig({ pushedAuthorization: true })
    const { url } = await client.start()
    const pushed = sent.find(({ path }) => path.endsWith('/par'))
    expect(pushed?.jkt).toMatch(/^[\w-]{43}$/)
    expect(pushed?.body.get('dpop_jkt')).toBe(pushed?.jkt)
    expect([...url.searchParams.keys()].toSorted()).toEqual(['client_id', 'request_uri'])
    await client.finish(await server.approve(url))
    expect(tokenRequests(sent)[0]?.jkt).toBe(pushed?.jkt)
  })

  it('cannot be replaced: a code is worth nothing with another', async () => {
    const kept: Transaction[] = []
    const inner = jsonTransactions(kept)
    // Everything of the second sign-in is right, but the key is that of the first.
    const swap = (one: Transaction): Transaction => ({
      ...one,
      ...(kept[0]?.proofKey && { proofKey: kept[0].proofKey }),
    })
    const { client, server } = boundRig({ transactions: { ...inner, put: (one) => inner.put(swap(one)) } })
    await client.start()
    const { url } = await client.start()
    await expect(client.finish(await server.approve(url))).rejects.toMatchObject({
      code: 'authorization_failed',
      detail: { error: 'invalid_grant', description: expect.stringContaining('announced key') },
    })
  })

  it('cannot be named by somebody else', async () => {
    const { client } = boundRig()
    await expect(client.start({ authorizationParams: { dpop_jkt: 'x' } })).rejects.toMatchObject({ code: 'config' })
  })

  it.each([
    { transactions: 'keys', store: 'keys', extractable: false },
    { transactions: 'json', store: 'keys', extractable: false },
    { transactions: 'keys', store: 'json', extractable: undefined },
    { transactions: 'json', store: 'json', extractable: undefined },
  ] as const)(
    'goes from transactions that hold $transactions to a store that holds $store',
    async ({ transactions, store, extractable }) => {
      const kept: Transaction[] = []
      const rests = store === 'json' ? jsonStore() : memoryStore()
      const { client, server, api } = boundRig({
        store: rests,
        ...(transactions === 'json' && { transactions: jsonTransactions(kept) }),
      })
      const { url } = await client.start()
      await client.finish(await server.approve(url))
      const { proofKey } = (await rests.get(client.provider.id)) ?? {}
      const pair = proofKey !== undefined && 'privateKey' in proofKey ? proofKey : undefined
      expect(pair?.privateKey.extractable).toBe(extractable)
      expect(proofKey !== undefined && 'd' in proofKey).toBe(store === 'json')
      expect(kept.map((transaction) => 'd' in (transaction.proofKey ?? {}))).toEqual(kept.map(() => true))
      expect(kept).toHaveLength(transactions === 'json' ? 1 : 0)
      expect((await client.fetch(api)).status).toBe(200)
    },
  )

  it('cannot be taken away where all who keep it can keep keys', async () => {
    const inner = memoryTransactions({ clock: { now: () => 0 } })
    const put: Transaction[] = []
    const transactions: TransactionStore = { ...inner, put: (one) => (put.push(one), inner.put(one)) }
    const { client } = boundRig({ transactions })
    await client.start()
    const { proofKey } = put[0] ?? {}
    const pair = proofKey !== undefined && 'privateKey' in proofKey ? proofKey : undefined
    expect(pair?.privateKey.extractable).toBe(false)
  })

  it.each([
    { how: 'was left out', lose: ({ proofKey: _, ...rest }: Transaction): Transaction => rest },
    { how: 'went through JSON', lose: json },
    { how: 'is no key', lose: (one: Transaction): Transaction => ({ ...one, proofKey: { kty: 'EC' } }) },
    { how: 'is a text', lose: (one: Transaction): Transaction => ({ ...one, proofKey: 'key' as never }) },
  ])('ends the sign-in where it $how, before anything is sent', async ({ lose }) => {
    const inner = memoryTransactions({ clock: { now: () => 0 } })
    const transactions: TransactionStore = { ...inner, put: (transaction) => inner.put(lose(transaction)) }
    const { client, server, sent } = boundRig({ transactions })
    const { url } = await client.start()
    const callback = await server.approve(url)
    await expect(client.finish(callback)).rejects.toMatchObject({ code: 'transaction_missing' })
    expect(tokenRequests(sent)).toEqual([])
    expect(client.getSnapshot().status).not.toBe('signed-in')
  })

  it('does not hide that the person said no', async () => {
    const inner = memoryTransactions({ clock: { now: () => 0 } })
    const transactions: TransactionStore = {
      ...inner,
      put: ({ proofKey: _, ...transaction }) => inner.put(transaction),
    }
    const { client, server } = boundRig({ transactions })
    const { url } = await client.start()
    const callback = await server.approve(url, { deny: 'access_denied' })
    await expect(client.finish(callback)).rejects.toMatchObject({ code: 'access_denied' })
  })

  it('is at hand with its token, though the store can neither be read nor written', async () => {
    const store = faultyStore()
    const { client, signIn, api } = boundRig({ store })
    store.fail('update', () => true)
    await signIn()
    store.fail('get', () => true)
    expect((await client.fetch(api)).status).toBe(200)
  })
})
