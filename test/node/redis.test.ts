import { Cluster, Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { HeldStore, Store, StoredRecord } from '../../src/contracts.ts'
import { isOAuthError } from '../../src/errors.ts'
import { type RedisClient, type RedisEval, redisStore } from '../../src/stores/redis.ts'
import { type OpenedStore, storeContract } from '../contracts/store.ts'
import { missing, type RedisServer, startRedis } from './redis-server.ts'

interface Connected {
  readonly client: RedisClient
  close(): Promise<void>
}

async function connectIORedis(port: number): Promise<Connected> {
  const client = new Redis({ port, host: '127.0.0.1', maxRetriesPerRequest: 1 })
  client.on('error', () => undefined)
  return { client, close: async () => client.disconnect() }
}

async function connectNodeRedis(port: number): Promise<Connected> {
  const client = createClient({ url: `redis://127.0.0.1:${port}` })
  client.on('error', () => undefined)
  await client.connect()
  return { client, close: async () => client.destroy() }
}

async function connectCluster(port: number): Promise<Connected> {
  const client = new Cluster([{ port, host: '127.0.0.1' }])
  client.on('error', () => undefined)
  return { client, close: async () => client.disconnect() }
}

let prefixes = 0

/** Two handles, each with a connection of its own, as two servers would have it. */
async function openWith(connect: (port: number) => Promise<Connected>, port: number): Promise<OpenedStore> {
  prefixes += 1
  const prefix = `test-${prefixes}`
  const connections = [await connect(port), await connect(port)]
  const [one, two] = connections.map(({ client }) => redisStore(client, { prefix }))
  if (one === undefined || two === undefined) throw new Error('no connection')
  return {
    store: one,
    again: async () => two,
    destroy: async () => {
      await Promise.all(connections.map(({ close }) => close()))
    },
  }
}

const record = (accessToken: string): StoredRecord => ({ tokens: { accessToken, tokenType: 'Bearer' } })

const increment = (current: StoredRecord | undefined): StoredRecord => ({
  tokens: { accessToken: 'at', tokenType: 'Bearer', expiresAt: (current?.tokens.expiresAt ?? 0) + 1 },
})

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'it resolved',
    (error: unknown) => (isOAuthError(error) ? error.code : error),
  )
}

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms)
  })

describe.skipIf(missing !== undefined)(`a real Redis ${missing ?? ''}`, () => {
  let server: RedisServer
  let admin: Redis
  let run: RedisEval

  beforeAll(async () => {
    server = await startRedis()
    admin = new Redis({ port: server.port, host: '127.0.0.1' })
    run = (script, keys, args) => admin.eval(script, keys.length, ...keys, ...args)
  })
  afterAll(async () => {
    admin?.disconnect()
    await server?.stop()
  })

  storeContract('Redis, by ioredis', () => openWith(connectIORedis, server.port), { watches: false })
  storeContract('Redis, by node-redis', () => openWith(connectNodeRedis, server.port), { watches: false })

  it('loses none of 200 updates made at once by ten servers', async () => {
    const connections = await Promise.all(
      Array.from({ length: 10 }, (_, at) => (at % 2 === 0 ? connectIORedis : connectNodeRedis)(server.port)),
    )
    const stores = connections.map(({ client }) => redisStore(client, { prefix: 'fleet' }))
    const updates = Array.from({ length: 200 }, (_, at) => stores[at % 10]?.update('slot', increment))
    await Promise.all(updates)
    expect((await stores[0]?.get('slot'))?.tokens.expiresAt).toBe(200)
    await Promise.all(connections.map(({ close }) => close()))
  })

  it('renews a lock while its task runs, and leaves nothing behind', async () => {
    let commands = 0
    const counting: RedisEval = (...command) => {
      commands += 1
      return run(...command)
    }
    const store = redisStore(counting, { prefix: 'renewed', lease: 900 })
    const rival = redisStore(run, { prefix: 'renewed', lease: 900 })
    await store.lock(
      'slot',
      async (held) => {
        expect(await failure(rival.lock('slot', async () => 'in', { timeout: 2_000 }))).toBe('lock_timeout')
        await held.update('slot', () => record('mine'))
      },
      { timeout: 10_000 },
    )
    expect(await admin.keys('{renewed}*')).toEqual(['{renewed}'])
    const after = commands
    await pause(400)
    expect(commands).toBe(after)
  })

  it('takes a lease of any length, also of a fraction', async () => {
    expect(await redisStore(run, { lease: 1000 / 3 }).lock('slot', async () => 'in', { timeout: 1_000 })).toBe('in')
  })

  it('lets the next one in after a holder fell silent, and then refuses what the silent one writes', async () => {
    const sleeper = sleepy(run)
    const store = redisStore(sleeper.run, { prefix: 'silent', lease: 900 })
    const rival = redisStore(run, { prefix: 'silent' })
    let late: unknown
    await store.lock(
      'slot',
      async (held) => {
        await held.update('slot', () => record('first'))
        sleeper.sleep()
        // Also while nobody else has it yet, a lease that ran out gives no right to write.
        await rival.lock(
          'slot',
          async (theirs) => {
            await theirs.update('slot', () => record('theirs'))
            sleeper.wake()
            late = await failure(held.update('slot', () => record('late')))
            expect(await held.get('slot')).toEqual(record('theirs'))
          },
          { timeout: 10_000 },
        )
        expect(await failure(held.update('slot', () => record('later')))).toBe('persist_failed')
      },
      { timeout: 10_000 },
    )
    expect(late).toBe('persist_failed')
    expect(await rival.get('slot')).toEqual(record('theirs'))
  })

  it('does not take a lock away from the one who has it since', async () => {
    const sleeper = sleepy(run)
    const store = redisStore(sleeper.run, { prefix: 'taken', lease: 300 })
    const rival = redisStore(run, { prefix: 'taken' })
    const held: { store?: HeldStore } = {}
    const overslept = store.lock(
      'slot',
      async (own) => {
        held.store = own
        sleeper.sleep()
        await pause(400)
      },
      { timeout: 10_000 },
    )
    while (held.store === undefined) await pause(5)
    await rival.lock(
      'slot',
      async (own) => {
        sleeper.wake()
        await overslept
        expect(await failure(redisStore(run, { prefix: 'taken' }).lock('slot', async () => 1, { timeout: 100 }))).toBe(
          'lock_timeout',
        )
        await own.update('slot', () => record('theirs'))
      },
      { timeout: 10_000 },
    )
    expect(await rival.get('slot')).toEqual(record('theirs'))
  })

  it('has the lock that it got without hearing of it', async () => {
    let lost = 0
    const lossy: RedisEval = async (script, keys, args) => {
      const reply = await run(script, keys, args)
      if (!script.includes('NX') || lost > 0) return reply
      lost += 1
      return 0
    }
    expect(await redisStore(lossy, { prefix: 'unheard' }).lock('slot', async () => 'in', { timeout: 1000 })).toBe('in')
    expect(lost).toBe(1)
  })

  it('names everything within one slot of a cluster', async () => {
    const names = new Set<string>()
    const listening: RedisEval = (script, keys, args) => {
      for (const key of keys) names.add(key)
      return run(script, keys, args)
    }
    const store = redisStore(listening, { prefix: 'app' })
    await store.lock('a', (held) => held.update('a', () => record('at')), { timeout: 1000 })
    await store.keys()
    expect([...names].sort()).toEqual(['{app}', '{app}:lock:a'])
  })

  it('refuses other data under its name, and what is no record, and overwrites neither', async () => {
    await admin.set('{others}', 'theirs')
    const store = redisStore(run, { prefix: 'others' })
    expect(await failure(store.get('slot'))).toBe('store_corrupt')
    expect(await failure(store.update('slot', () => record('at')))).toBe('store_corrupt')
    expect(await admin.get('{others}')).toBe('theirs')
    for (const text of ['SECRET', '{"tokens":{"accessToken":"SECRET"}}', '{"tokens":"SECRET"}', '[]', 'null']) {
      await admin.hset('{broken}', 'slot', text)
      const broken = redisStore(run, { prefix: 'broken' })
      const error: unknown = await broken.update('slot', () => record('at')).catch((caught: unknown) => caught)
      expect(isOAuthError(error) && error.code).toBe('store_corrupt')
      expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain('SECRET')
      expect(await admin.hget('{broken}', 'slot')).toBe(text)
    }
  })

  it('keeps what was stored when Redis takes nothing more', async () => {
    const store = redisStore(run, { prefix: 'full' })
    await store.update('slot', () => record('kept'))
    await admin.config('SET', 'maxmemory', '1')
    expect(await failure(store.update('slot', () => record('new')))).toBe('persist_failed')
    await admin.config('SET', 'maxmemory', '0')
    expect(await store.get('slot')).toEqual(record('kept'))
  })
})

describe.skipIf(missing !== undefined)(`a cluster ${missing ?? ''}`, () => {
  let server: RedisServer

  beforeAll(async () => {
    server = await startRedis('--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1')
    const admin = new Redis({ port: server.port, host: '127.0.0.1' })
    await admin.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
    while (!String(await admin.call('CLUSTER', 'INFO')).includes('cluster_state:ok')) await pause(50)
    admin.disconnect()
  })
  afterAll(() => server?.stop())

  storeContract('Redis Cluster', () => openWith(connectCluster, server.port), { watches: false, increments: 50 })
})

describe.skipIf(missing !== undefined)(`a Redis in trouble ${missing ?? ''}`, () => {
  it.each([
    ['ioredis', connectIORedis],
    ['node-redis', connectNodeRedis],
  ])('is told by a typed error in time when it dies at work, by %s', async (_, connect) => {
    const server = await startRedis()
    const { client, close } = await connect(server.port)
    try {
      const store = redisStore(client, { timeout: 500 })
      await store.update('slot', () => record('SECRET'))
      let done = 0
      const work = Array.from({ length: 300 }, (__, at) =>
        store
          .update(`slot-${at}`, () => record('SECRET'))
          .then(() => {
            done += 1
            return 'done'
          }, codeOf),
      )
      const locked = store.lock('slot', () => pause(300), { timeout: 1000 })
      while (done < 20) await pause(1)
      await server.kill()
      const began = performance.now()
      const outcomes = new Set(await Promise.all(work))
      outcomes.delete('done')
      const more = [store.get('slot'), store.keys(), store.lock('slot', async () => 1, { timeout: 200 })]
      for (const outcome of await Promise.all(more.map((promise) => promise.then(() => 'done', codeOf)))) {
        outcomes.add(outcome)
      }
      await locked
      expect(performance.now() - began).toBeLessThan(8_000)
      expect([...outcomes].filter((code) => code !== 'persist_failed' && code !== 'timeout')).toEqual([])
      expect(outcomes.size).toBeGreaterThan(0)
    } finally {
      await close()
      await server.stop()
    }
  })

  it('is told apart when it wants a password', async () => {
    const server = await startRedis('--requirepass', 'SECRET')
    const { client, close } = await connectIORedis(server.port)
    try {
      expect(await failure(redisStore(client).get('slot'))).toBe('store_denied')
    } finally {
      await close()
      await server.stop()
    }
  })
})

describe('a Redis store', () => {
  const silent: RedisEval = () => new Promise(() => undefined)

  it('waits for no answer longer than it may', async () => {
    const store = redisStore(silent, { timeout: 50 })
    expect(await failure(store.get('slot'))).toBe('timeout')
    expect(await failure(store.update('slot', () => record('at')))).toBe('timeout')
    expect(await failure(store.lock('slot', async () => 1, { timeout: 20 }))).toBe('timeout')
  })

  it('ends a wait for an answer that its caller aborts', async () => {
    const store: Store = redisStore(silent)
    const wait = { timeout: 5000, signal: AbortSignal.timeout(20) }
    expect(await failure(store.lock('slot', async () => 1, wait))).toBe('aborted')
  })

  it('leaves no lock behind that it was given after its caller had gone', async () => {
    let arrive = (): void => undefined
    const late = new Promise<void>((resolve) => (arrive = resolve))
    let holder: string | undefined
    let free = (): void => undefined
    const freed = new Promise<void>((resolve) => (free = resolve))
    const byManyWays: RedisEval = async (script, _keys, [token]) => {
      if (script.includes('NX')) {
        await late
        holder = token
        return 1
      }
      if (holder === token) {
        holder = undefined
        free()
      }
      return 1
    }
    const caller = new AbortController()
    const lock = redisStore(byManyWays).lock('slot', async () => 1, { timeout: 5000, signal: caller.signal })
    caller.abort()
    expect(await failure(lock)).toBe('aborted')
    arrive()
    await freed
    expect(holder).toBeUndefined()
  })

  it("never repeats what a client's error says", async () => {
    const errors = [
      new Error('SECRET at line 1'),
      Object.assign(new Error('SECRET'), { code: 'ECONNRESET' }),
      'SECRET',
      undefined,
    ]
    for (const thrown of errors) {
      const error: unknown = await redisStore(() => Promise.reject(thrown))
        .get('slot')
        .catch((caught: unknown) => caught)
      expect(isOAuthError(error) && error.code).toBe('persist_failed')
      expect(`${String(error)} ${JSON.stringify(error)} ${String((error as Error).cause)}`).not.toContain('SECRET')
    }
  })

  it('refuses a client that is none, and names that would leave their slot', () => {
    expect(() => redisStore({} as RedisClient)).toThrow(TypeError)
    for (const prefix of ['', 'a{b', 'a}b']) expect(() => redisStore(silent, { prefix })).toThrow(TypeError)
    for (const lease of [0, 2 ** 31, Infinity]) expect(() => redisStore(silent, { lease })).toThrow(TypeError)
    expect(() => redisStore(silent, { timeout: Number.NaN })).toThrow(TypeError)
  })
})

function codeOf(error: unknown): string {
  return isOAuthError(error) ? error.code : `untyped: ${String(error)}`
}

/** A connection of a process that can be made to sleep. */
function sleepy(run: RedisEval): { readonly run: RedisEval; sleep(): void; wake(): void } {
  let awake = Promise.resolve()
  let wake = (): void => undefined
  return {
    run: async (...command) => {
      await awake
      return run(...command)
    },
    sleep: () => {
      awake = new Promise((resolve) => {
        wake = resolve
      })
    },
    wake: () => wake(),
  }
}
