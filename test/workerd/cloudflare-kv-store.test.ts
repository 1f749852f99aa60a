import { describe, expect, it } from 'vitest'
import { acceptLostSessions, createClient } from '../../src/index.ts'
import type { Provider, Store, StoredRecord } from '../../src/contracts.ts'
import { cloudflareKVStore, type CloudflareKVStoreOptions, type KVBinding } from '../../src/stores/cloudflare-kv.ts'
import { durableObjectStore, type VaultNamespace } from '../../src/stores/durable-object.ts'
import { storeContract } from '../contracts/store.ts'
import { KV, VAULT } from './bindings.ts'

let stores = 0
const key = new Uint8Array(32)
const newPrefix = (): string => `kv ${stores++}`

for (const [name, options] of Object.entries({
  'KV with a coordinator': {},
  'KV with a coordinator, sealed': { key },
})) {
  storeContract(
    name,
    async () => {
      const prefix = newPrefix()
      const open = (): Store => cloudflareKVStore(KV, { ...options, prefix, coordinator: VAULT })
      return { store: open(), again: async () => open(), destroy: async () => undefined }
    },
    { watches: false, increments: 30 },
  )
}

const alone = (options: CloudflareKVStoreOptions = {}): Store =>
  cloudflareKVStore(KV, { prefix: newPrefix(), ...options })

const inAnHour = Date.now() + 3_600_000

function record(accessToken: string, more: Partial<StoredRecord['tokens']> = {}): StoredRecord {
  return { tokens: { accessToken, tokenType: 'Bearer', refreshToken: `refresh ${accessToken}`, ...more } }
}

const provider = (rotation: Provider['rotation']): Provider => ({
  id: 'example',
  name: 'Example',
  clientId: 'client',
  issuer: 'https://id.example.com',
  ...(rotation !== undefined && { rotation }),
})

describe('KV alone', () => {
  it('says that it is eventual', () => {
    expect(alone().consistency).toBe('eventual')
    expect(alone({ coordinator: VAULT }).consistency).toBe('atomic')
  })

  it.each(['strict', 'grace', 'until-first-use', 'unknown', undefined] as const)(
    'is refused where refresh tokens rotate or may (%s), by an error that names both ways out',
    (rotation) => {
      const make = (): unknown => createClient({ provider: provider(rotation), store: alone() })
      expect(make).toThrow(expect.objectContaining({ code: 'config' }))
      expect(make).toThrow(/Durable Object, or KV with one as its coordinator/)
    },
  )

  it('is taken where they do not rotate, where losses are accepted, and with a coordinator', () => {
    const made = [
      createClient({ provider: provider('none'), store: alone() }),
      createClient({ provider: provider('strict'), store: alone(), [acceptLostSessions]: true }),
      createClient({ provider: provider('strict'), store: alone({ coordinator: VAULT }) }),
    ]
    expect(made).toHaveLength(3)
  })

  it.each(['', 'a:b', 'a#b'])('takes no prefix %j, by which two stores could become one', (prefix) => {
    expect(() => cloudflareKVStore(KV, { prefix })).toThrow(TypeError)
    expect(() => durableObjectStore(VAULT, { prefix })).toThrow(TypeError)
  })

  it.each([
    ['in clear', {}],
    ['sealed', { key }],
  ])('keeps records and their names, %s', async (_, options) => {
    const store = alone(options)
    const names = ['provider@1', 'ключ', '\u0000', 'k'.repeat(300), '..']
    for (const name of names) await store.update(name, () => record(name.slice(0, 20)))
    await store.update('provider@1', (current) => current && { ...current, clientId: 'changed' })
    expect(await store.get('provider@1')).toEqual({ ...record('provider@1'), clientId: 'changed' })
    expect((await store.keys()).sort()).toEqual([...names].sort())
    for (const name of names) await store.update(name, () => undefined)
    expect(await store.keys()).toEqual([])
    expect(await store.get('provider@1')).toBeUndefined()
  })

  it('leaves no token readable where a key is given, and opens nothing with another key', async () => {
    const prefix = newPrefix()
    await alone({ prefix, key }).update('a', () => record('secret-token'))
    const { keys } = await KV.list({ prefix })
    const text = await KV.get(keys[0]?.name ?? '')
    expect(text).toContain('"accessToken"')
    expect(text).not.toContain('secret-token')
    const other = alone({ prefix, key: new Uint8Array(32).fill(1) })
    await expect(other.get('a')).rejects.toMatchObject({ code: 'store_corrupt' })
    await expect(other.update('a', () => record('mine'))).rejects.toMatchObject({ code: 'store_corrupt' })
  })

  it('names its own accounts, of all pages, and no others', async () => {
    const prefix = newPrefix()
    const list = (options: object): ReturnType<KVBinding['list']> => KV.list({ ...options, limit: 2 } as never)
    const store = cloudflareKVStore({ ...binding(), list }, { prefix })
    for (const name of ['a', 'b', 'c', 'd', 'e']) await store.update(name, () => record(name))
    await alone({ prefix: `${prefix}0` }).update('another', () => record('another'))
    expect((await store.keys()).sort()).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  it('tries again after a second where KV takes no more writes of a key', async () => {
    let refusals = 1
    const store = cloudflareKVStore(
      { ...binding(), put: async (...all) => (refusals-- > 0 ? Promise.reject(new Error('429')) : KV.put(...all)) },
      { prefix: newPrefix() },
    )
    expect(await store.update('a', () => record('one'))).toEqual(record('one'))
    expect(await store.get('a')).toEqual(record('one'))
  })

  it('says in its own words that KV failed', async () => {
    const broken = { ...binding(), get: () => Promise.reject(new Error('secret text')) }
    await expect(cloudflareKVStore(broken).get('a')).rejects.toMatchObject({
      code: 'persist_failed',
      message: expect.not.stringContaining('secret'),
    })
  })
})

describe('KV with a coordinator', () => {
  it('serves a good token from KV without asking the object', async () => {
    const { store, asked } = counted()
    await store.update('a', () => record('good', { expiresAt: inAnHour }))
    const before = asked()
    expect((await store.get('a'))?.tokens.accessToken).toBe('good')
    expect(asked()).toBe(before)
  })

  it.each([
    ['that is about to end', (): object => ({ expiresAt: Date.now() + 50_000 }), {}],
    ['whose end nobody knows', (): object => ({}), {}],
    [
      'whose refresh token is dead',
      (): object => ({ expiresAt: inAnHour }),
      { dead: { hash: 'h', at: 1, error: 'invalid_grant' } },
    ],
  ])('asks the object for a token %s', async (_, tokens, more) => {
    const { store, asked, prefix } = counted()
    await store.update('a', () => record('old', { expiresAt: inAnHour }))
    await store.update('a', () => ({ ...record('now', tokens()), ...more }))
    await durableObjectStore(VAULT, { prefix }).update('a', () => record('elsewhere'))
    const before = asked()
    expect((await store.get('a'))?.tokens.accessToken).toBe('elsewhere')
    expect(asked()).toBeGreaterThan(before)
  })

  it('asks the object where KV shows a copy whose token has become about to end', async () => {
    const prefix = newPrefix()
    const late = { ...binding(), get: aged }
    const store = cloudflareKVStore(late, { prefix, coordinator: VAULT })
    await store.update('a', () => record('old', { expiresAt: inAnHour }))
    await durableObjectStore(VAULT, { prefix }).update('a', () => record('elsewhere'))
    expect((await store.get('a'))?.tokens.accessToken).toBe('elsewhere')
    async function aged(name: string): Promise<string | null> {
      return (await KV.get(name))?.replace(`${inAnHour}`, `${Date.now() + 50_000}`) ?? null
    }
  })

  it('keeps what KV does not take, as a value too large, and serves it', async () => {
    const full = { ...binding(), put: () => Promise.reject(new Error('413')) }
    const store = cloudflareKVStore(full, { prefix: newPrefix(), coordinator: VAULT, timeout: 1500 })
    const good = record('good', { expiresAt: inAnHour })
    expect(await store.update('a', () => good)).toEqual(good)
    expect(await store.get('a')).toEqual(good)
  })

  it('reads the object, whatever KV shows, under a lock', async () => {
    const { store, prefix } = counted()
    await store.update('a', () => record('old', { expiresAt: inAnHour }))
    await durableObjectStore(VAULT, { prefix }).update('a', () => record('new', { expiresAt: inAnHour }))
    expect((await store.get('a'))?.tokens.accessToken).toBe('old')
    const seen = await store.lock('a', async (held) => held.get('a'), { timeout: 5_000 })
    expect(seen?.tokens.accessToken).toBe('new')
  })

  it('lays no copy down that a later record has overtaken, nor one of an account that has gone', async () => {
    for (const overtaking of [() => record('late', { expiresAt: inAnHour }), () => undefined]) {
      const prefix = newPrefix()
      const elsewhere = cloudflareKVStore(KV, { prefix, coordinator: VAULT })
      let first = true
      const slow: KVBinding = {
        ...binding(),
        put: async (...all) => {
          if (first) {
            first = false
            await elsewhere.update('a', overtaking)
          }
          return KV.put(...all)
        },
      }
      const store = cloudflareKVStore(slow, { prefix, coordinator: VAULT })
      await store.update('a', () => record('early', { expiresAt: inAnHour }))
      const { keys } = await KV.list({ prefix })
      const copies = await Promise.all(keys.map(({ name }) => KV.get(name)))
      const left = overtaking()
      expect(copies).toEqual(left === undefined ? [] : [expect.stringContaining('"late"')])
    }
  })

  it('lets no copy outlive its token, and lays none down while a refresh is under way', async () => {
    const puts: unknown[] = []
    const prefix = newPrefix()
    const watched: KVBinding = {
      ...binding(),
      put: async (...all) => {
        puts.push(all[2]?.expirationTtl)
        return KV.put(...all)
      },
    }
    const store = cloudflareKVStore(watched, { prefix, coordinator: VAULT })
    const good = record('good', { expiresAt: Date.now() + 600_000 })
    await store.update('a', () => good)
    await store.update('a', () => ({ ...good, intent: { hash: 'h', owner: 'o', at: 1, lost: 0 } }))
    expect(puts).toEqual([expect.toSatisfy((ttl: number) => ttl > 590 && ttl <= 600)])
  })

  it('says so when a copy could not be removed, and removes it when it is asked again', async () => {
    let broken = true
    const store = cloudflareKVStore(
      { ...binding(), delete: async (name) => (broken ? Promise.reject(new Error('down')) : KV.delete(name)) },
      { prefix: newPrefix(), coordinator: VAULT, timeout: 500 },
    )
    await store.update('a', () => record('good', { expiresAt: inAnHour }))
    await expect(store.update('a', () => undefined)).rejects.toMatchObject({ code: 'timeout' })
    broken = false
    await store.update('a', () => undefined)
    expect(await store.get('a')).toBeUndefined()
  })
})

function binding(): KVBinding {
  return {
    get: (name) => KV.get(name),
    put: (...all) => KV.put(...all),
    delete: (name) => KV.delete(name),
    list: (options) => KV.list(options),
  }
}

/** A store that counts how often an object is asked. */
function counted(): { store: Store; asked: () => number; prefix: string } {
  let asked = 0
  const coordinator: VaultNamespace = {
    idFromName: (name) => VAULT.idFromName(name),
    get: (id) => {
      asked++
      return VAULT.get(id)
    },
  }
  const prefix = newPrefix()
  return { store: cloudflareKVStore(KV, { prefix, coordinator }), asked: () => asked, prefix }
}
