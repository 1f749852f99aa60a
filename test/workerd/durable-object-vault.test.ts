import { describe, expect, it } from 'vitest'
import type { Store, StoredRecord } from '../../src/contracts.ts'
import { createClient } from '../../src/index.ts'
import { oidc } from '../../src/providers/oidc.ts'
import { durableObjectStore, type VaultNamespace, type VaultStub } from '../../src/stores/durable-object.ts'
import { createAuthorizationServer } from '../../src/testing/index.ts'
import { crashAllObjects, runInObject, type Socketed, through, VAULT } from './bindings.ts'

let stores = 0
const patience = { timeout: 10_000 }

describe('a lock in a Durable Object', () => {
  it('is kept through a restart of the object, by who holds it', async () => {
    const { store, prefix } = opened()
    await store.lock(
      'a',
      async (held) => {
        await crashAllObjects()
        await expect(open(prefix).lock('a', async () => 1, { timeout: 300 })).rejects.toMatchObject({
          code: 'lock_timeout',
        })
        expect(await held.update('a', () => record('one'))).toEqual(record('one'))
      },
      patience,
    )
    expect(
      await within(
        1_500,
        open(prefix).lock('a', async () => 'free', patience),
      ),
    ).toBe('free')
  })

  it('is still waited for, in turn, when the object restarts', async () => {
    const { store, prefix } = opened()
    let waiting: Promise<string> | undefined
    await store.lock(
      'a',
      async () => {
        waiting = open(prefix).lock('a', async () => 'granted', patience)
        await pause(100)
        await crashAllObjects()
        await pause(100)
      },
      patience,
    )
    expect(await within(2_000, waiting)).toBe('granted')
  })

  it('goes to others within a moment when the connection of its holder dies', async () => {
    const { prefix } = opened()
    const line = cuttable()
    const holder = durableObjectStore(line.namespace, { prefix, lease: 2_000 })
    const outcome = new Promise<unknown>((resolve) => {
      void holder.lock(
        'a',
        async (held) => {
          line.cut()
          const began = performance.now()
          await open(prefix).lock('a', async () => 'free', patience)
          expect(performance.now() - began).toBeLessThan(1_500)
          line.mend()
          resolve(await held.update('a', () => record('late')).catch((error: unknown) => error))
        },
        patience,
      )
    })
    expect(await outcome).toMatchObject({ code: 'persist_failed', detail: { reason: 'the lock was lost' } })
    expect(await open(prefix).get('a')).toBeUndefined()
  })

  it('goes to others when its holder falls silent, who then writes nothing by it', async () => {
    const { prefix } = opened()
    const mute = muted()
    const holder = durableObjectStore(mute, { prefix, lease: 300 })
    await holder.lock(
      'a',
      async (held) => {
        expect(
          await within(
            3_000,
            open(prefix).lock('a', async () => 'free', patience),
          ),
        ).toBe('free')
        await expect(held.update('a', () => record('late'))).rejects.toMatchObject({ code: 'persist_failed' })
      },
      patience,
    )
    expect(await open(prefix).get('a')).toBeUndefined()
  })

  it('stays with a holder who takes longer than the lease and gives signs of life', async () => {
    const { prefix } = opened()
    await durableObjectStore(VAULT, { prefix, lease: 1_000 }).lock(
      'a',
      async (held) => {
        await pause(2_500)
        await expect(open(prefix).lock('a', async () => 1, { timeout: 50 })).rejects.toMatchObject({
          code: 'lock_timeout',
        })
        await held.update('a', () => record('one'))
      },
      patience,
    )
    expect(await open(prefix).get('a')).toEqual(record('one'))
  })

  it('goes to those who wait in the order they came, past those who have left', async () => {
    const { store, prefix } = opened()
    const order: number[] = []
    const leaving = new AbortController()
    const waiting: Promise<unknown>[] = []
    await store.lock(
      'a',
      async () => {
        for (const number of [1, 2, 3, 4]) {
          const signal = number === 2 ? { signal: leaving.signal } : {}
          const task = async (): Promise<unknown> => order.push(number)
          waiting.push(
            open(prefix)
              .lock('a', task, { ...patience, ...signal })
              .catch(() => 'left'),
          )
          await pause(60)
        }
        leaving.abort()
        await pause(60)
      },
      patience,
    )
    await within(3_000, Promise.all(waiting))
    expect(order).toEqual([1, 3, 4])
  })
})

describe('a record in a Durable Object', () => {
  it('is counted right by many who write while the object restarts again and again', async () => {
    const { store, prefix } = opened()
    await store.update('a', () => record('at', 0))
    const all = Array.from({ length: 40 }, async (_, index) => {
      await pause(index * 10)
      await open(prefix).update('a', (current) => record('at', (current?.tokens.expiresAt ?? 0) + 1))
    })
    for (let restart = 0; restart < 4; restart++) {
      await pause(90)
      await crashAllObjects()
    }
    await Promise.all(all)
    expect((await store.get('a'))?.tokens.expiresAt).toBe(40)
  })

  it('is written once when the answer to the write is lost', async () => {
    const { prefix } = opened()
    const lossy = losing(({ do: what }) => what === 'write')
    const store = durableObjectStore(lossy.namespace, { prefix })
    expect(await store.update('a', () => record('one'))).toEqual(record('one'))
    expect(lossy.lost()).toBe(1)
    expect(await open(prefix).get('a')).toEqual(record('one'))
    expect(await open(prefix).keys()).toEqual(['a'])
  })

  it('is known by name even to those who come between its two writes, and never forgotten by a race', async () => {
    const { store, prefix } = opened()
    await Promise.all(Array.from({ length: 10 }, () => open(prefix).update('a', () => record('one'))))
    expect(await store.keys()).toEqual(['a'])
    await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        open(prefix).update('a', () => (index % 2 === 0 ? undefined : record(`${index}`))),
      ),
    )
    expect(await store.keys()).toEqual((await store.get('a')) === undefined ? [] : ['a'])
  })

  it('is named still where its removal was overtaken, and named no more where its creation was', async () => {
    const { store, prefix } = opened()
    const overtaken = (): Store =>
      durableObjectStore(
        beforeWrite(() => store.update('a', () => record('new'))),
        { prefix },
      )
    await store.update('a', () => record('old'))
    await overtaken().update('a', (current) => (current?.tokens.accessToken === 'old' ? undefined : current))
    expect(await store.keys()).toEqual(['a'])
    await store.update('a', () => undefined)
    await overtaken().update('a', (current) => current ?? record('late'))
    expect(await store.get('a')).toEqual(record('new'))
    await store.update('a', () => undefined)
    expect(await store.keys()).toEqual([])
  })

  it('lies in an object of its own, apart from other accounts and other prefixes', async () => {
    const names: string[] = []
    const namespace: VaultNamespace = {
      idFromName: (name) => {
        names.push(name)
        return VAULT.idFromName(name)
      },
      get: (id) => VAULT.get(id),
    }
    const { prefix } = opened()
    await durableObjectStore(namespace, { prefix }).get('a')
    await durableObjectStore(namespace, { prefix }).get('b')
    await durableObjectStore(namespace).get('b')
    expect(names).toEqual([`${prefix}:a`, `${prefix}:b`, 'latchkey:b'])
  })

  it('takes up no room before it is there, nor when it has gone', async () => {
    const { store, stub } = opened()
    const tables = (name: string): Promise<unknown> =>
      runInObject(stub(name), ({ storage }) =>
        storage.sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'").toArray(),
      )
    await store.get('a')
    expect(await tables(':a')).toEqual([])
    await store.lock('a', (held) => held.update('a', () => record('one')), patience)
    expect(await tables(':a')).not.toEqual([])
    expect(await tables('#names')).not.toEqual([])
    await store.lock('a', (held) => held.update('a', () => undefined), patience)
    expect(await tables(':a')).toEqual([])
    expect(await tables('#names')).toEqual([])
    await store.update('a', () => record('two'))
    expect(await store.get('a')).toEqual(record('two'))
  })

  it('is sealed for its account where a key is given', async () => {
    const { prefix, stub } = opened()
    const store = durableObjectStore(VAULT, { prefix, key: new Uint8Array(32) })
    const text = (name: string): Promise<string> =>
      runInObject(stub(name), ({ storage }) =>
        String(storage.sql.exec('SELECT text FROM deposit').toArray()[0]?.['text']),
      )
    await store.update('a', () => record('secret-token'))
    await store.update('b', () => record('other-token'))
    const sealed = await text(':a')
    expect(sealed).not.toContain('secret-token')
    await runInObject(stub(':b'), ({ storage }) => storage.sql.exec('UPDATE deposit SET text = ?', sealed))
    await expect(store.get('b')).rejects.toMatchObject({ code: 'store_corrupt' })
    await store.update('a', () => undefined)
    await open(prefix).update('a', () => record('mine'))
    await expect(store.get('a')).rejects.toMatchObject({ code: 'store_corrupt' })
  })

  it('is named among more accounts than come at once', async () => {
    const { store, stub } = opened()
    await store.update('last', () => record('one'))
    await runInObject(stub('#names'), ({ storage }) =>
      storage.sql.exec(`WITH RECURSIVE n(i) AS (SELECT 10001 UNION ALL SELECT i + 1 FROM n WHERE i < 15100)
        INSERT INTO names SELECT '"a' || i || '"', 't' FROM n`),
    )
    const names = await store.keys()
    expect(new Set(names).size).toBe(5101)
    expect(names).toHaveLength(5101)
    expect(names).toContain('last')
  })

  it('fails in our own words where the object gives no answer', async () => {
    const broken: VaultNamespace = {
      idFromName: (name) => VAULT.idFromName(name),
      get: () => ({ fetch: () => Promise.reject(new Error('secret text')) }),
    }
    const silent: VaultNamespace = { ...broken, get: () => ({ fetch: () => new Promise(() => undefined) }) }
    await expect(durableObjectStore(broken).get('a')).rejects.toMatchObject({
      code: 'persist_failed',
      message: expect.not.stringContaining('secret'),
    })
    const quick = durableObjectStore(silent, { timeout: 100 })
    await expect(quick.get('a')).rejects.toMatchObject({ code: 'timeout' })
    await expect(quick.lock('a', async () => 1, patience)).rejects.toMatchObject({ code: 'timeout' })
  })
})

describe('many clients of one account with an expired token, over Durable Objects', () => {
  it.each(['strict', 'grace'] as const)(
    'refresh once (%s), also when the object restarts meanwhile',
    async (rotation) => {
      const server = createAuthorizationServer({ rotation })
      const { prefix } = opened()
      const make = (): ReturnType<typeof createClient> =>
        createClient({
          provider: { ...oidc({ id: 'example', issuer: server.issuer }), rotation },
          clientId: 'app',
          redirectUri: 'https://app.example.com/callback',
          fetch: server.fetch,
          clock: server.clock,
          store: open(prefix),
        })
      const first = make()
      const { url } = await first.start()
      await first.finish(await server.approve(url))
      for (let round = 0; round < 4; round++) {
        server.clock.advance(3_600_000)
        const hold = server.faults.hold('token')
        const all = Promise.all(Array.from({ length: 25 }, () => make().getAccessToken()))
        await hold.arrived
        if (round % 2 === 1) await crashAllObjects()
        await pause(200)
        hold.release()
        expect(new Set(await all).size).toBe(1)
      }
      const shown = server.history.filter({ grant: 'refresh_token' })
      expect(shown).toHaveLength(4)
      expect(shown.filter((entry) => entry.repeat === true)).toEqual([])
    },
  )
})

function open(prefix: string): Store {
  return durableObjectStore(VAULT, { prefix })
}

function opened(): {
  store: Store
  prefix: string
  stub: (rest: string) => VaultStub
} {
  const prefix = `vault ${stores++}`
  const stub = (rest: string): VaultStub => VAULT.get(VAULT.idFromName(prefix + rest))
  return { store: open(prefix), prefix, stub }
}

function record(accessToken: string, expiresAt = 1): StoredRecord {
  return { tokens: { accessToken, tokenType: 'Bearer', refreshToken: `refresh ${accessToken}`, expiresAt } }
}

function cuttable(): { namespace: VaultNamespace; cut: () => void; mend: () => void } {
  const sockets: NonNullable<Socketed['webSocket']>[] = []
  let dead = false
  const namespace = through(async (stub, url, init) => {
    if (dead) throw new Error('dead')
    const response = await stub.fetch(url, init)
    const { webSocket } = response as Socketed
    if (webSocket !== undefined && webSocket !== null) sockets.push(webSocket)
    return response
  })
  const cut = (): void => {
    dead = true
    for (const socket of sockets) socket.close(4000)
  }
  return { namespace, cut, mend: () => (dead = false) }
}

/** Says its claim and then nothing. */
function muted(): VaultNamespace {
  return through(async (stub, url, init) => {
    const response = await stub.fetch(url, init)
    const { webSocket } = response as Socketed
    if (webSocket !== undefined && webSocket !== null) {
      const send = webSocket.send.bind(webSocket)
      webSocket.send = (text) => (text === 'alive' ? undefined : send(text))
    }
    return response
  })
}

/** Loses the first answer to a call that `which` names. */
function losing(which: (call: { do: string }) => boolean): { namespace: VaultNamespace; lost: () => number } {
  let lost = 0
  const namespace = through(async (stub, url, init) => {
    const response = await stub.fetch(url, init)
    const call = typeof init?.body === 'string' ? (JSON.parse(init.body) as { do: string }) : undefined
    if (call === undefined || lost > 0 || !which(call)) return response
    lost++
    throw new Error('lost')
  })
  return { namespace, lost: () => lost }
}

/** Does something just before the first write. */
function beforeWrite(work: () => Promise<unknown>): VaultNamespace {
  let first = true
  return through(async (stub, url, init) => {
    if (first && String(init?.body).includes('"do":"write"')) {
      first = false
      await work()
    }
    return stub.fetch(url, init)
  })
}

async function within<T>(ms: number, work: Promise<T> | undefined): Promise<T | 'too late'> {
  const late = pause(ms).then(() => 'too late' as const)
  return work === undefined ? late : Promise.race([work, late])
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}
