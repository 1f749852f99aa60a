import { memoryStore } from '../../../src/index.ts'
import type { Store, StoredRecord } from '../../../src/index.ts'
import { hour, rig } from '../client/rig.ts'
import type { Rig } from '../client/rig.ts'

/** A store that tells what is done with it, and whose lock somebody else has. */
export interface Queue extends Rig {
  readonly calls: string[]
  /** How many listen for hints. */
  watchers(): number
  /** Lets reads outside the lock fail. */
  failing: boolean
  /** What they wait for. */
  reading: Promise<void> | undefined
  /** Stores what another would, or nothing. */
  write(change: (current: StoredRecord) => StoredRecord | undefined): Promise<void>
  /** Stores what a sibling's refresh brings. */
  refreshed(accessToken: string): Promise<void>
  /** The other one lets go of the lock. */
  letGo(): void
  /** What became of the last wait for the lock. */
  signal(): AbortSignal | undefined
  /** How often somebody has begun to. */
  listened(): number
}

export interface QueueOptions {
  /** The store's lock does not hear that somebody leaves. */
  readonly deaf?: boolean
  /** Nobody has the lock. */
  readonly free?: boolean
  readonly lockTimeout?: number
  readonly watch?: Store['watch']
}

export async function queue(options: QueueOptions = {}): Promise<Queue> {
  const { deaf = false, free = false, lockTimeout = 30_000, watch } = options
  const inner = memoryStore()
  const calls: string[] = []
  let [watching, listened] = [0, 0]
  let last: AbortSignal | undefined
  const store: Store = {
    ...inner,
    async get(key) {
      calls.push('get')
      if (all.failing) throw new Error('The disk is gone.')
      await all.reading
      return inner.get(key)
    },
    lock(key, task, { timeout, signal }) {
      last = signal
      const inside: typeof task = async (held) => {
        calls.push('lock')
        const get: Store['get'] = (slot) => (calls.push('held.get'), held.get(slot))
        return task({ ...held, get }).finally(() => calls.push('unlock'))
      }
      return inner.lock(key, inside, { timeout, ...(signal !== undefined && !deaf && { signal }) })
    },
    watch:
      watch ??
      ((key, listener) => {
        watching++
        listened++
        const stop = inner.watch?.(key, listener)
        return () => {
          watching--
          stop?.()
        }
      }),
  }
  let letGo = (): void => undefined
  const base = rig({ client: { store, lockTimeout } })
  await base.signIn()
  base.clock.advance(hour)
  const [slot = ''] = await inner.keys()
  const released = new Promise<void>((resolve) => (letGo = resolve))
  if (!free) void inner.lock(slot, () => released, { timeout: 1 })
  calls.length = 0
  const write: Queue['write'] = async (change) =>
    void (await inner.update(slot, (current) => current && change(current)))
  const all: Queue = {
    ...base,
    calls,
    watchers: () => watching,
    failing: false,
    reading: undefined,
    write,
    refreshed: (accessToken) => write((current) => renewed(current, accessToken, base.clock.now())),
    letGo,
    signal: () => last,
    listened: () => listened,
  }
  return all
}

/** A record after a refresh that nobody has to hear of any more. */
export function renewed(current: StoredRecord, accessToken: string, now: number): StoredRecord {
  const { intent: _, ...rest } = current
  const refreshToken = `refresh ${accessToken}`
  return { ...rest, tokens: { ...rest.tokens, accessToken, refreshToken, obtainedAt: now, expiresAt: now + hour } }
}
