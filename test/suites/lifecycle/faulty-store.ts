import type { HeldStore, Store, StoredRecord } from '../../../src/contracts.ts'
import { OAuthError } from '../../../src/errors.ts'
import { memoryStore } from '../../../src/index.ts'

/** A store on which a test lays its hand. */
export interface FaultyStore extends Store {
  /** Every call, by name, in order; `lock` when the task begins, `unlock` when it ends. */
  readonly calls: string[]
  /** What is stored in the one slot there is. */
  peek(): Promise<StoredRecord | undefined>
  /** Writes past everything, as another program would. */
  poke(change: (current: StoredRecord) => StoredRecord | undefined): Promise<void>
  /** Lets the calls of this name fail that `when` picks, counted from now and from 1. */
  fail(name: 'get' | 'update', when: (call: number) => boolean, written?: boolean): void
  /** Stops the n-th update from now before it is done. */
  stall(call: number): { readonly arrived: Promise<void>; release(): void }
  /** The lock keeps nobody out. */
  ignoreLock(): void
  /** The lock of the next task is taken away when `steal` is called. */
  stealable(): { steal(): void }
}

/** @param solitary Whether clients are told that nobody else can reach it. */
export function faultyStore(solitary = true): FaultyStore {
  const inner = memoryStore()
  const calls: string[] = []
  const counts = { get: 0, update: 0 }
  const failing: { get?: (call: number) => boolean; update?: (call: number) => boolean; written: boolean } = {
    written: false,
  }
  let stalled: { readonly call: number; readonly arrive: () => void; readonly released: Promise<void> } | undefined
  let locks = true
  let stolen: Promise<never> | undefined

  function enter(name: 'get' | 'update'): boolean {
    calls.push(name)
    counts[name]++
    return failing[name]?.(counts[name]) ?? false
  }

  const failure = (): OAuthError => new OAuthError('persist_failed', { where: 'the store', reason: 'a test wants it.' })

  const held: HeldStore = {
    async get(key) {
      if (enter('get')) throw failure()
      return inner.get(key)
    },
    async update(key, change) {
      const fails = enter('update')
      const stop = stalled?.call === counts.update ? stalled : undefined
      stop?.arrive()
      await stop?.released
      if (fails && !failing.written) throw failure()
      const result = await inner.update(key, change)
      if (fails) throw failure()
      return result
    },
  }

  const onlyKey = async (): Promise<string> => (await inner.keys())[0] ?? 'nothing'
  return {
    ...held,
    consistency: 'atomic',
    solitary,
    keys: inner.keys,
    calls,
    lock(key, task, options) {
      const inside = async (): ReturnType<typeof task> => {
        calls.push('lock')
        try {
          return await task(held)
        } finally {
          calls.push('unlock')
        }
      }
      const work = locks ? inner.lock(key, inside, options) : inside()
      return stolen === undefined ? work : Promise.race([work, stolen])
    },
    peek: async () => inner.get(await onlyKey()),
    async poke(change) {
      await inner.update(await onlyKey(), (current) => current && change(current))
    },
    fail(name, when, written = false) {
      counts[name] = 0
      failing[name] = when
      failing.written = written
    },
    stall(call) {
      let arrive = (): void => undefined
      let release = (): void => undefined
      const arrived = new Promise<void>((resolve) => (arrive = resolve))
      const released = new Promise<void>((resolve) => (release = resolve))
      counts.update = 0
      stalled = { call, arrive, released }
      return { arrived, release }
    },
    ignoreLock() {
      locks = false
    },
    stealable() {
      let reject = (_: Error): void => undefined
      stolen = new Promise((_, no) => (reject = no))
      stolen.catch(() => undefined)
      return {
        steal: () => {
          reject(new Error('stolen'))
          stolen = undefined
        },
      }
    },
  }
}
