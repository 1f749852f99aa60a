import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RecordChange, Store, StoredRecord } from '../../src/contracts.ts'
import { isOAuthError, type OAuthErrorCode } from '../../src/errors.ts'

/** A store to be tried, and the world it rests in. */
export interface OpenedStore {
  readonly store: Store
  /** A second handle on the same data, as another tab or another object would have it. */
  again(): Promise<Store>
  destroy(): Promise<void>
}

/** How patient the suite is with a backend. */
export interface StoreContractOptions {
  /** How many updates are made at once. @default 200 */
  readonly increments?: number
  /** Whether the store can `watch`. @default true */
  readonly watches?: boolean
}

/** Far more than any backend here needs, far less than a test may take. */
const patience = { timeout: 10_000 }

const oddKeys = [
  '__proto__',
  'constructor',
  'a/b',
  '../x',
  'CON',
  ' ',
  'a.b@c',
  'ключ',
  '🔑',
  '\u0000',
  '"\\\n',
  'k'.repeat(300),
]

/** What every atomic store promises. Hand it a way to open a store of yours. */
export function storeContract(
  name: string,
  open: () => Promise<OpenedStore>,
  options: StoreContractOptions = {},
): void {
  describe(`store: ${name}`, () => {
    let opened: OpenedStore
    let store: Store

    beforeEach(async () => {
      opened = await open()
      store = opened.store
    })
    afterEach(() => opened.destroy())

    records(() => store)
    keys(() => store)
    sharing(() => opened, options)
    locks(() => opened)
    if (options.watches ?? true) watching(() => opened)
  })
}

function records(store: () => Store): void {
  it('holds nothing at first', async () => {
    expect(await store().get('slot')).toBeUndefined()
    expect(await store().keys()).toEqual([])
  })

  it('creates, changes and removes a record, and gives what is stored then', async () => {
    expect(await store().update('slot', () => record('one'))).toEqual(record('one'))
    expect(await store().get('slot')).toEqual(record('one'))
    expect(await store().update('slot', () => record('two'))).toEqual(record('two'))
    expect(await store().get('slot')).toEqual(record('two'))
    expect(await store().update('slot', () => undefined)).toBeUndefined()
    expect(await store().get('slot')).toBeUndefined()
    expect(await store().keys()).toEqual([])
  })

  it('removes what is not there without complaint', async () => {
    await store().update('slot', () => undefined)
    expect(await store().update('slot', () => undefined)).toBeUndefined()
  })

  it('lets a change see what is stored now', async () => {
    const seen: (StoredRecord | undefined)[] = []
    const change: RecordChange = (current) => {
      seen.push(current)
      return record(`${seen.length}`)
    }
    await store().update('slot', change)
    await store().update('slot', change)
    expect(seen).toEqual([undefined, record('1')])
  })

  it('leaves the record alone when the change throws, and throws the same', async () => {
    await store().update('slot', () => record('kept'))
    const mistake = new Error('mine')
    await expect(
      store().update('slot', () => {
        throw mistake
      }),
    ).rejects.toBe(mistake)
    expect(await store().get('slot')).toEqual(record('kept'))
  })

  it('keeps every field of a record, and none that was taken away', async () => {
    await store().update('slot', () => fullRecord)
    expect(await store().get('slot')).toEqual(fullRecord)
    await store().update('slot', () => record('bare'))
    expect(await store().get('slot')).toEqual(record('bare'))
  })

  it('keeps a record whose expiry is unknown and that cannot be refreshed', async () => {
    const bare: StoredRecord = { tokens: { accessToken: 'at', tokenType: 'Bearer' } }
    await store().update('slot', () => bare)
    expect(await store().get('slot')).toEqual(bare)
  })

  it('keeps a token of 64 KiB', async () => {
    const large = record('x'.repeat(64 * 1024))
    await store().update('slot', () => large)
    expect(await store().get('slot')).toEqual(large)
  })

  it('hands out and takes in copies: nobody changes what is stored by changing an object', async () => {
    const given = { tokens: { accessToken: 'at', tokenType: 'Bearer' as const, scopes: ['a'] } }
    await store().update('slot', () => given)
    given.tokens.scopes.push('b')
    given.tokens.accessToken = 'changed'
    const first = await store().get('slot')
    tamper(first)
    expect((await store().get('slot'))?.tokens).toEqual({ accessToken: 'at', tokenType: 'Bearer', scopes: ['a'] })
  })
}

function keys(store: () => Store): void {
  it('keeps accounts apart and names them all', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `provider@${index}`)
    for (const name of names) await store().update(name, () => record(name))
    await store().update('provider@3', () => undefined)
    expect((await store().keys()).sort()).toEqual(names.filter((name) => name !== 'provider@3').sort())
    expect(await store().get('provider@4')).toEqual(record('provider@4'))
  })

  it('takes any string for a key', async () => {
    for (const key of oddKeys) await store().update(key, () => record(key))
    for (const key of oddKeys) expect(await store().get(key)).toEqual(record(key))
    expect((await store().keys()).sort()).toEqual([...oddKeys].sort())
    for (const key of oddKeys) await store().update(key, () => undefined)
    expect(await store().keys()).toEqual([])
  })

  it("finds nothing under the names of an object's own inheritance", async () => {
    for (const key of ['toString', '__proto__', 'constructor', 'hasOwnProperty']) {
      expect(await store().get(key)).toBeUndefined()
    }
  })
}

function sharing(opened: () => OpenedStore, { increments = 200 }: StoreContractOptions): void {
  it('shows to another handle what was written, and takes from it', async () => {
    const other = await opened().again()
    await opened().store.update('slot', () => record('one'))
    expect(await other.get('slot')).toEqual(record('one'))
    await other.update('slot', () => undefined)
    expect(await opened().store.get('slot')).toBeUndefined()
  })

  it('loses none of many updates made at once through two handles', async () => {
    const handles = [opened().store, await opened().again()]
    const all = Array.from({ length: increments }, (_, index) => handles[index % 2]?.update('slot', increment))
    await Promise.all(all)
    expect((await opened().store.get('slot'))?.tokens.expiresAt).toBe(increments)
  }, 60_000)
}

function locks(opened: () => OpenedStore): void {
  it('runs one task at a time for a key, across handles', async () => {
    const handles = [opened().store, await opened().again()]
    let inside = 0
    let most = 0
    const task = async (): Promise<void> => {
      inside += 1
      most = Math.max(most, inside)
      await pause(5)
      inside -= 1
    }
    await Promise.all(Array.from({ length: 12 }, (_, index) => handles[index % 2]?.lock('slot', task, patience)))
    expect(most).toBe(1)
  })

  it('gives what the task gives, and lets it read and write under its lock', async () => {
    await opened().store.update('slot', () => record('one'))
    const result = await opened().store.lock(
      'slot',
      async (held) => {
        const before = await held.get('slot')
        const after = await held.update('slot', () => record('two'))
        return [before, after, await held.get('slot')]
      },
      patience,
    )
    expect(result).toEqual([record('one'), record('two'), record('two')])
    expect(await opened().store.get('slot')).toEqual(record('two'))
  })

  it('loses no update of one task that makes several at once', async () => {
    await opened().store.lock(
      'slot',
      async (held) => {
        await Promise.all(Array.from({ length: 10 }, () => held.update('slot', increment)))
      },
      patience,
    )
    expect((await opened().store.get('slot'))?.tokens.expiresAt).toBe(10)
  })

  it('lets go when the task throws, and throws the same', async () => {
    const mistake = new Error('mine')
    await expect(opened().store.lock('slot', () => Promise.reject(mistake), patience)).rejects.toBe(mistake)
    expect(await opened().store.lock('slot', async () => 'free', patience)).toBe('free')
  })

  it('gives up waiting in time, and the one who holds it is not disturbed', async () => {
    const other = await opened().again()
    await holding(opened().store, async () => {
      const began = performance.now()
      await expectCode(
        other.lock('slot', async () => 'never', { timeout: 100 }),
        'lock_timeout',
      )
      expect(performance.now() - began).toBeLessThan(2_000)
    })
    expect(await other.lock('slot', async () => 'free', patience)).toBe('free')
  })

  it('ends a wait that its caller aborts, and does not begin one that was aborted', async () => {
    const other = await opened().again()
    let ran = false
    const task = async (): Promise<void> => {
      ran = true
    }
    await holding(opened().store, async () => {
      const controller = new AbortController()
      const waiting = expectCode(other.lock('slot', task, { ...patience, signal: controller.signal }), 'aborted')
      await pause(20)
      controller.abort()
      await waiting
    })
    await expectCode(other.lock('slot', task, { ...patience, signal: AbortSignal.abort() }), 'aborted')
    expect(ran).toBe(false)
    expect(await other.lock('slot', async () => 'free', patience)).toBe('free')
  })

  it('never mixes an update from outside with a task that holds the lock', async () => {
    const other = await opened().again()
    let outside: Promise<unknown> | undefined
    await opened().store.lock(
      'slot',
      async (held) => {
        outside = other.update('slot', increment)
        await pause(20)
        await held.update('slot', increment)
      },
      patience,
    )
    await outside
    expect((await opened().store.get('slot'))?.tokens.expiresAt).toBe(2)
  })

  it('refuses a wait without a bound', async () => {
    await expect(opened().store.lock('slot', async () => 1, { timeout: Number.NaN })).rejects.toBeInstanceOf(TypeError)
  })
}

function watching(opened: () => OpenedStore): void {
  it('tells a watcher that another handle changed its key, until it stops watching', async () => {
    const other = await opened().again()
    let calls = 0
    const stop = opened().store.watch?.('slot', () => {
      calls += 1
    })
    if (stop === undefined) throw new Error('this store cannot watch: say so with watches: false')
    await pause(100)
    await other.update('slot', () => record('one'))
    await until(() => calls > 0)
    stop()
    stop()
    await pause(150)
    const before = calls
    await other.update('slot', () => record('two'))
    await pause(150)
    expect(calls).toBe(before)
  })
}

function record(accessToken: string): StoredRecord {
  return {
    tokens: {
      accessToken,
      tokenType: 'Bearer',
      refreshToken: `refresh ${accessToken.slice(0, 20)}`,
      expiresAt: 1_800_000_000_000,
    },
  }
}

const fullRecord: StoredRecord = {
  tokens: {
    accessToken: 'at',
    tokenType: 'DPoP',
    refreshToken: 'rt',
    idToken: 'id',
    scopes: ['openid', 'ünïcode'],
    obtainedAt: 1_700_000_000_000,
    expiresAt: 1_700_000_003_600.5,
  },
  issuer: 'https://id.example.com',
  clientId: 'client',
  account: {
    key: 'https://id.example.com|1',
    issuer: 'https://id.example.com',
    subject: '1',
    name: 'Zoë "Z" 🔑',
    accountId: 'acc',
  },
  intent: { hash: 'hash', owner: 'owner', at: 1_700_000_000_001, lost: 1 },
  dead: { hash: 'old', at: 1_700_000_000_002, error: 'invalid_grant' },
  proofKey: { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', d: 'd' },
}

const increment: RecordChange = (current) => ({
  ...current,
  tokens: { accessToken: 'at', tokenType: 'Bearer', expiresAt: (current?.tokens.expiresAt ?? 0) + 1 },
})

/** Tries to change an object at every depth; a frozen one may throw. */
function tamper(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  for (const inner of Object.values(value)) tamper(inner)
  for (const name of Object.keys(value)) Reflect.set(value, name, 'tampered')
}

/** Runs `task` while `store` is locked. */
async function holding(store: Store, task: () => Promise<void>): Promise<void> {
  let release = (): void => undefined
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  const begun = new Promise<void>((resolve) => {
    void store.lock(
      'slot',
      () => {
        resolve()
        return released
      },
      patience,
    )
  })
  await begun
  try {
    await task()
  } finally {
    release()
  }
}

async function expectCode(promise: Promise<unknown>, code: OAuthErrorCode): Promise<void> {
  const outcome = await promise.then(
    () => 'it resolved',
    (error: unknown) => (isOAuthError(error) ? error.code : error),
  )
  expect(outcome).toBe(code)
}

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 5_000
  while (!condition() && performance.now() < end) await pause(10)
  expect(condition()).toBe(true)
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}
