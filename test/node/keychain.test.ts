import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Store, StoredRecord } from '../../src/contracts.ts'
import { isOAuthError } from '../../src/errors.ts'
import { systemKeychain } from '../../src/stores/keychain-backend.node.ts'
import { keychainName } from '../../src/stores/keychain-name.node.ts'
import { type KeychainBackend, keychainStore } from '../../src/stores/keychain.node.ts'
import { type OpenedStore, storeContract } from '../contracts/store.ts'

/** A keychain in memory, which tells what it holds. */
interface TestKeychain extends KeychainBackend {
  readonly items: Map<string, string>
}

function testKeychain(maxLength?: number): TestKeychain {
  const items = new Map<string, string>()
  return {
    items,
    ...(maxLength !== undefined && { maxLength }),
    get: async (_service, name) => items.get(name.toLowerCase()),
    set: async (_service, name, secret) => {
      if (!/^[\x20-\x7e]+$/.test(name + secret)) throw new Error('only ASCII, please')
      if (secret.length > (maxLength ?? Number.POSITIVE_INFINITY)) throw new Error('too long')
      // Credential Manager does not tell `A` from `a`.
      items.set(name.toLowerCase(), secret)
    },
    delete: async (_service, name) => void items.delete(name.toLowerCase()),
  }
}

const record = (accessToken: string): StoredRecord => ({
  tokens: { accessToken, tokenType: 'Bearer', refreshToken: `refresh ${accessToken}` },
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

const never = (): Promise<never> => new Promise(() => undefined)

let lockDirectory: string
beforeEach(async () => {
  lockDirectory = await mkdtemp(join(tmpdir(), 'keychain-'))
})
afterEach(() => rm(lockDirectory, { recursive: true, force: true }))

const storeOf = (backend: KeychainBackend, timeout = 5_000): Store => keychainStore({ backend, timeout, lockDirectory })

async function open(maxLength?: number): Promise<OpenedStore> {
  const directory = await mkdtemp(join(tmpdir(), 'keychain-'))
  const options = { backend: testKeychain(maxLength), lockDirectory: directory }
  return {
    store: keychainStore(options),
    again: async () => keychainStore(options),
    destroy: () => rm(directory, { recursive: true, force: true }),
  }
}

const contract = { watches: false, increments: 60 }
storeContract('keychain', () => open(), contract)
storeContract('keychain of short items', () => open(1200), contract)

describe('an item that is too long for its keychain', () => {
  const long = (mark: string): StoredRecord => record(mark.repeat(120))

  it('leaves nothing behind when it shrinks, grows, and is removed', async () => {
    const keychain = testKeychain(300)
    const store = storeOf(keychain)
    for (const length of [10, 5000, 200, 900, 10, 3000, 2999]) {
      await store.update('slot', () => record('x'.repeat(length)))
      expect(await store.get('slot')).toEqual(record('x'.repeat(length)))
    }
    await store.update('slot', () => record('y'))
    expect([...keychain.items.keys()].sort()).toEqual(['#keys', 'slot'])
    await store.update('slot', () => undefined)
    expect([...keychain.items.keys()]).toEqual(['#keys'])
  })

  it('is the old or the new one after a crash at any step, and whole again with the next write', async () => {
    for (let step = 0; ; step += 1) {
      const keychain = testKeychain(300)
      const store = storeOf(keychain)
      await store.update('slot', () => long('old'))
      const mortal = storeOf(dyingAfter(keychain, step))
      const died = await failure(mortal.update('slot', () => long('new')))
      const found = await store.get('slot')
      expect([long('old'), long('new')]).toContainEqual(found)
      await store.update('slot', () => record('next'))
      expect(await store.get('slot')).toEqual(record('next'))
      expect([...keychain.items.keys()].sort()).toEqual(['#keys', 'slot'])
      // Death while tidying up is not told: what was to be written is there.
      if (died === 'it resolved' && step > 50) break
    }
  })

  it('is listed whenever it is there, after a crash at any step of its making and of its removal', async () => {
    for (let step = 0; step < 40; step += 1) {
      const keychain = testKeychain(300)
      const store = storeOf(keychain)
      await failure(storeOf(dyingAfter(keychain, step)).update('slot', () => long('new')))
      const found = await store.get('slot')
      expect(await store.keys()).toEqual(found === undefined ? [] : ['slot'])
      await store.update('slot', () => long('new'))
      await failure(storeOf(dyingAfter(keychain, step)).update('slot', () => undefined))
      const left = await store.get('slot')
      expect(await store.keys()).toEqual(left === undefined ? [] : ['slot'])
    }
  })

  it('is refused when any part is gone, cut, changed or exchanged, and left as it is', async () => {
    const keychain = testKeychain(300)
    const store = storeOf(keychain)
    await store.update('slot', () => long('SECRET'))
    const whole = new Map(keychain.items)
    const parts = [...whole.keys()].filter((name) => name !== '#keys')
    expect(parts.length).toBeGreaterThan(3)
    for (const name of parts) {
      const text = whole.get(name) ?? ''
      for (const bad of [
        undefined,
        '',
        text.slice(0, -1),
        `${text}x`,
        `x${text.slice(1)}`,
        whole.get([...whole.keys()].find((part) => part.endsWith('1')) ?? ''),
      ]) {
        if (bad === text || (bad === undefined && name === 'slot')) continue
        if (bad === undefined) keychain.items.delete(name)
        else keychain.items.set(name, bad)
        const before = new Map(keychain.items)
        expect(await failure(store.get('slot'))).toBe('store_corrupt')
        expect(await failure(store.update('slot', () => record('new')))).toBe('store_corrupt')
        expect(keychain.items).toEqual(before)
        keychain.items.set(name, text)
      }
    }
  })

  it('is read whole while somebody else replaces it', async () => {
    const keychain = testKeychain(300)
    const slow: KeychainBackend = {
      ...keychain,
      get: async (...place) => {
        await pause(Math.random() * 2)
        return keychain.get(...place)
      },
    }
    const [reader, writer] = [storeOf(slow), storeOf(keychain)]
    await writer.update('slot', () => long('a'))
    let writing = true
    const reads: unknown[] = []
    const reading = (async () => {
      while (writing) {
        reads.push(await reader.get('slot').catch((error: unknown) => error))
      }
    })()
    for (let round = 0; round < 40; round += 1) {
      await writer.update('slot', () => long(round % 2 === 0 ? 'b' : 'a'))
      await pause(Math.random() * 40)
    }
    writing = false
    await reading
    expect(reads.length).toBeGreaterThan(3)
    for (const read of reads) expect([long('a'), long('b')]).toContainEqual(read)
  })
})

describe('an item that is made again', () => {
  it('is not taken for the one before, of which a reader had begun to read', async () => {
    const keychain = testKeychain(300)
    const writer = storeOf(keychain)
    const same = record('x'.repeat(600))
    await writer.update('slot', () => same)
    let looks = 0
    const interrupted: KeychainBackend = {
      ...keychain,
      get: async (...place) => {
        looks += 1
        if (looks === 2) await writer.update('slot', () => undefined)
        if (looks === 3) await writer.update('slot', () => same)
        return keychain.get(...place)
      },
    }
    expect(await storeOf(interrupted).get('slot')).toEqual(same)
  })
})

describe('a keychain in trouble', () => {
  const failing = (message: string): KeychainBackend => {
    const fail = (): Promise<never> => Promise.reject(new Error(message))
    return { get: fail, set: fail, delete: fail }
  }

  it.each([
    ['DBus error: Secret Service: unlock prompt was dismissed', 'store_denied', 'it is locked'],
    ['Cannot create an item in a locked collection', 'store_denied', 'it is locked'],
    ['User interaction is not allowed.', 'store_denied', 'it is locked'],
    ["Couldn't access platform storage", 'store_denied', 'it refused'],
    ['Platform failure: DBus error: Failed to connect to socket', 'unsupported', 'no service'],
    ['The connection is closed', 'unsupported', 'no service'],
    ['SECRET', 'store_denied', 'it refused'],
  ])('is told by a typed error, in words of our own: %s', async (message, code, words) => {
    const store = storeOf(failing(message))
    const tries = [() => store.get('slot'), () => store.update('slot', () => record('SECRET')), () => store.keys()]
    for (const attempt of tries) {
      const error: unknown = await attempt().catch((caught: unknown) => caught)
      expect(isOAuthError(error) && error.code).toBe(code)
      expect(String(error)).toContain(words)
      expect(`${String(error)} ${JSON.stringify(error)} ${String((error as Error).cause)}`).not.toContain(message)
    }
  })

  it('does not hold anybody up for longer than it may, and no token comes to rest in a file', async () => {
    for (const hanging of ['get', 'set', 'delete'] as const) {
      const keychain = testKeychain()
      await storeOf(keychain).update('slot', () => record('SECRET'))
      const store = storeOf({ ...keychain, [hanging]: never }, 100)
      const began = performance.now()
      const change = hanging === 'delete' ? () => undefined : () => record('SECRET-2')
      expect(await failure(store.update('slot', change))).toBe('timeout')
      if (hanging === 'get') expect(await failure(store.get('slot'))).toBe('timeout')
      expect(performance.now() - began).toBeLessThan(2_000)
      await rm(lockDirectory, { recursive: true, force: true })
    }
    const files = await readdir(lockDirectory, { recursive: true, withFileTypes: true }).catch(() => [])
    for (const file of files.filter((entry) => entry.isFile())) {
      expect(await readFile(join(file.parentPath, file.name), 'utf8')).not.toContain('SECRET')
    }
  })

  it('keeps others from writing while a write that nobody waits for any more may still happen', async () => {
    const keychain = testKeychain()
    let finish = (): void => undefined
    const slow: KeychainBackend = {
      ...keychain,
      set: async (...item) => {
        await new Promise<void>((resolve) => {
          finish = resolve
        })
        await keychain.set(...item)
      },
    }
    expect(await failure(storeOf(slow, 100).update('slot', () => record('late')))).toBe('timeout')
    const other = storeOf(keychain)
    const wait = (timeout: number) =>
      other.lock('slot', async (held) => held.update('slot', () => record('other')), { timeout })
    expect(await failure(wait(100))).toBe('lock_timeout')
    finish()
    await wait(5_000)
    expect(await other.get('slot')).toEqual(record('other'))
  })

  it('is never asked what nobody waits for any more', async () => {
    const asked: string[] = []
    let finish = (): void => undefined
    const slow: KeychainBackend = {
      get: async (_service, name) => {
        asked.push(name)
        await new Promise<void>((resolve) => {
          finish = resolve
        })
        return undefined
      },
      set: never,
      delete: never,
    }
    const store = storeOf(slow, 50)
    expect(await failure(Promise.all([store.get('a'), store.get('b')]))).toBe('timeout')
    await pause(60)
    finish()
    await pause(20)
    expect(asked).toEqual(['a'])
  })

  it('is found out when it does not keep what it is given', async () => {
    const keychain = testKeychain()
    const forgetful: KeychainBackend = { ...keychain, set: async () => undefined }
    const cutting: KeychainBackend = {
      ...keychain,
      set: (s, name, secret) => keychain.set(s, name, secret.slice(0, 90)),
    }
    expect(await failure(storeOf(forgetful).update('slot', () => record('at')))).toBe('persist_failed')
    expect(await failure(storeOf(cutting).update('slot', () => record('at'.repeat(90))))).toBe('store_corrupt')
  })

  it('refuses what another program keeps under our name', async () => {
    for (const text of ['', 'password', '{}', 'latchkey1:0:1:x:{}']) {
      const keychain = testKeychain()
      keychain.items.set('slot', text)
      const store = storeOf(keychain)
      expect(await failure(store.get('slot'))).toBe('store_corrupt')
      expect(await failure(store.update('slot', () => record('at')))).toBe('store_corrupt')
      expect(keychain.items.get('slot')).toBe(text)
    }
  })

  it('loses no write, neither its own nor another, when its lock is lost at work', async () => {
    const keychain = testKeychain()
    const count = (current: StoredRecord | undefined): StoredRecord => ({
      tokens: { accessToken: 'at', tokenType: 'Bearer', expiresAt: (current?.tokens.expiresAt ?? 0) + 1 },
    })
    await storeOf(keychain).update('slot', count)
    let robbed = false
    const robber: KeychainBackend = {
      ...keychain,
      get: async (...place) => {
        const found = await keychain.get(...place)
        if (!robbed) {
          robbed = true
          await rm(lockDirectory, { recursive: true, force: true })
          // Another process: it does not wait in our line.
          keychain.items.set('slot', await written(count))
        }
        return found
      },
    }
    await storeOf(robber).update('slot', count)
    expect((await storeOf(keychain).get('slot'))?.tokens.expiresAt).toBe(3)

    async function written(change: typeof count): Promise<string> {
      const theirs = testKeychain()
      await keychainStore({ backend: theirs, lockDirectory: join(lockDirectory, 'theirs') }).update('slot', () =>
        change(change(undefined)),
      )
      return theirs.items.get('slot') ?? ''
    }
  })
})

describe("the system's keychain", () => {
  const missing = async (): Promise<undefined> => undefined

  it('is not replaced by anything when there is no way to it', async () => {
    const error: unknown = await systemKeychain(missing, () => undefined).catch((caught: unknown) => caught)
    expect(isOAuthError(error) && error.code === 'unsupported' && error.detail.what).toContain(
      'npm install @napi-rs/keyring',
    )
  })

  it("is Bun's own where the package is missing", async () => {
    const items = new Map<string, string>()
    const backend = await systemKeychain(missing, () => ({
      get: async ({ service, name }) => items.get(`${service} ${name}`) ?? null,
      set: async ({ service, name, value }) => void items.set(`${service} ${name}`, value),
      delete: async ({ service, name }) => items.delete(`${service} ${name}`),
    }))
    const store = storeOf(backend)
    await store.update('slot', () => record('at'))
    expect(await store.get('slot')).toEqual(record('at'))
    expect([...items.keys()].sort()).toEqual(['latchkey #keys', 'latchkey slot'])
    await store.update('slot', () => undefined)
    expect(await store.get('slot')).toBeUndefined()
  })
})

describe('the name of an item', () => {
  it('is plain for plain keys, ASCII for all, and another for each', () => {
    expect(keychainName('openai-codex@work')).toBe('openai-codex@work')
    const keys = [
      'a',
      'A',
      '',
      ' ',
      '%',
      '%0041',
      '\ud800',
      '\ud801',
      'ключ',
      '#keys',
      'a#a0',
      'k'.repeat(999),
      'k'.repeat(998),
      'K'.repeat(999),
    ]
    const names = keys.map(keychainName)
    for (const name of names) expect(name).toMatch(/^[a-z0-9._@%-]{1,150}$/)
    expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(keys.length)
  })

  it('is refused when the service has none', () => {
    expect(() => keychainStore({ service: '' })).toThrow(TypeError)
    expect(() => keychainStore({ timeout: 0 })).toThrow(TypeError)
  })
})

/** The keychain of a process that dies after so many steps, and of which nothing more is heard. */
function dyingAfter(keychain: KeychainBackend, steps: number): KeychainBackend {
  let left = steps
  const step = <T>(task: () => Promise<T>): Promise<T> => {
    left -= 1
    return left < 0 ? Promise.reject(new Error('dead')) : task()
  }
  return {
    ...keychain,
    get: (...place) => step(() => keychain.get(...place)),
    set: (...item) => step(() => keychain.set(...item)),
    delete: (...place) => step(() => keychain.delete(...place)),
  }
}
