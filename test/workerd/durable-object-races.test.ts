import { describe, expect, it } from 'vitest'
import type { Store, StoredRecord } from '../../src/contracts.ts'
import { cloudflareKVStore } from '../../src/stores/cloudflare-kv.ts'
import type { ClaimAnswer, VaultSocket } from '../../src/stores/durable-object-queue.ts'
import { durableObjectStore, type VaultNamespace } from '../../src/stores/durable-object.ts'
import { KV, through, VAULT } from './bindings.ts'

let stores = 0
const newPrefix = (): string => `races ${stores++}`
const patience = { timeout: 10_000 }
const soon = { timeout: 2_000 }
const key = new Uint8Array(32)

const open = (prefix: string): Store => durableObjectStore(VAULT, { prefix })

function record(accessToken: string): StoredRecord {
  return { tokens: { accessToken, tokenType: 'Bearer', refreshToken: `refresh ${accessToken}` } }
}

describe('a lock in a Durable Object', () => {
  it('is not taken by a connection that opens after its caller has left', async () => {
    const prefix = newPrefix()
    const slow = slowToConnect()
    const leaving = new AbortController()
    const store = durableObjectStore(slow.namespace, { prefix })
    const left = store.lock('a', async () => 'never', { ...patience, signal: leaving.signal }).catch(codeOf)
    await slow.asked
    leaving.abort()
    expect(await left).toBe('aborted')
    await slow.told
    slow.answer()
    await slow.answered
    expect(await open(prefix).lock('a', async () => 'free', soon)).toBe('free')
  })

  it('is given to who waits over a new connection, though the object has not noticed the end of the old one', async () => {
    const stub = VAULT.get(VAULT.idFromName(newPrefix()))
    await claim(stub, 'first')
    const old = await claim(stub, 'second')
    const anew = await claim(stub, 'second')
    await stub.fetch('https://vault/', { method: 'POST', body: JSON.stringify({ do: 'release', lease: 'first' }) })
    await until(() => anew.length > 1)
    expect([old, anew]).toEqual([[false], [false, true]])
  })

  it('lets its holder read and write another account too, each as it is', async () => {
    const store = open(newPrefix())
    await store.update('a', () => record('of a'))
    await store.update('b', () => record('of b'))
    const shown = await store.lock('a', (held) => held.get('b'), patience)
    expect(shown).toEqual(record('of b'))
    await store.lock('a', (held) => held.update('b', () => record('new')), patience)
    expect([await store.get('a'), await store.get('b')]).toEqual([record('of a'), record('new')])
  })
})

describe('a record in a Durable Object', () => {
  it('is named though the answer to its creation was lost and somebody changed it by then', async () => {
    const prefix = newPrefix()
    const store = durableObjectStore(
      losingFirstWrite(() => open(prefix).update('a', () => record('changed'))),
      { prefix },
    )
    await store.update('a', (current) => current ?? record('created'))
    expect(await open(prefix).get('a')).toEqual(record('changed'))
    expect(await open(prefix).keys()).toEqual(['a'])
  })

  it('that is sealed is no token to a store without a key, which leaves it alone', async () => {
    const prefix = newPrefix()
    await durableObjectStore(VAULT, { prefix, key }).update('a', () => record('secret'))
    await expect(open(prefix).get('a')).rejects.toMatchObject({ code: 'store_corrupt' })
    await expect(open(prefix).update('a', () => record('mine'))).rejects.toMatchObject({ code: 'store_corrupt' })
    expect(await durableObjectStore(VAULT, { prefix, key }).get('a')).toEqual(record('secret'))
  })

  it('is kept in clear by nobody who meant to give a key and has none', () => {
    const key = undefined as unknown as string
    expect(() => durableObjectStore(VAULT, { key })).toThrow(TypeError)
    expect(() => cloudflareKVStore(KV, { key })).toThrow(TypeError)
    expect(() => cloudflareKVStore(KV, { key, coordinator: VAULT })).toThrow(TypeError)
  })

  it.each([{ lease: Infinity }, { lease: 2 ** 31 }, { timeout: Infinity }, { timeout: 2 ** 31 }])(
    'is not waited for by a time that no timer can keep, %o',
    (times) => {
      expect(() => durableObjectStore(VAULT, times)).toThrow(TypeError)
    },
  )
})

function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown }).code
}

/** Lets a connection open only when it may. */
function slowToConnect(): {
  readonly namespace: VaultNamespace
  readonly asked: Promise<void>
  /** The object was told that its caller has left. */
  readonly told: Promise<void>
  readonly answered: Promise<void>
  answer(): void
} {
  const [asked, told, may, answered] = [signal(), signal(), signal(), signal()]
  const namespace = through(async (stub, url, init) => {
    const response = await stub.fetch(url, init)
    if (init?.method === 'POST') setTimeout(told.give)
    else {
      asked.give()
      await may.given
      setTimeout(answered.give, 100)
    }
    return response
  })
  return { namespace, asked: asked.given, told: told.given, answered: answered.given, answer: may.give }
}

function signal(): { readonly given: Promise<void>; give(): void } {
  let give = (): void => undefined
  const given = new Promise<void>((resolve) => {
    give = resolve
  })
  return { given, give }
}

/** Claims as a store does; gives what is heard. */
async function claim(stub: ReturnType<VaultNamespace['get']>, token: string): Promise<boolean[]> {
  const response = await stub.fetch('https://vault/', { headers: { upgrade: 'websocket' } })
  const { webSocket } = response as unknown as { readonly webSocket: VaultSocket }
  const heard: boolean[] = []
  webSocket.addEventListener('message', ({ data }) => heard.push((JSON.parse(String(data)) as ClaimAnswer).granted))
  webSocket.accept()
  webSocket.send(JSON.stringify({ token, length: 15_000, limit: 60_000, again: false }))
  await until(() => heard.length > 0)
  return heard
}

/** Lets the first write happen, does `then`, and loses the answer. */
function losingFirstWrite(then: () => Promise<unknown>): VaultNamespace {
  let first = true
  return through(async (stub, url, init) => {
    const response = await stub.fetch(url, init)
    if (!first || !String(init?.body).includes('"do":"write"')) return response
    first = false
    await then()
    throw new Error('lost')
  })
}

async function until(condition: () => boolean): Promise<void> {
  for (let look = 0; look < 100 && !condition(); look++) {
    await new Promise((resolve) => {
      setTimeout(resolve, 20)
    })
  }
}
