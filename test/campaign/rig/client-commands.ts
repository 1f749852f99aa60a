import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock, Rotation } from '../../../src/contracts.ts'
import { isOAuthError } from '../../../src/errors.ts'
import type { Client } from '../../../src/index.ts'
import { fileStore } from '../../../src/stores/file.node.ts'
import { memoryStore } from '../../../src/stores/memory.ts'
import { fingerprint } from '../../../src/testing/redaction.ts'
import { openClient, signIn, slot } from './open-client.ts'
import { say } from './serve-commands.ts'

export interface OpenOrder {
  readonly origin: string
  /** Absent: memory. */
  readonly path?: string
  readonly rotation?: Rotation
  readonly worker: string
  readonly timeout?: number
  readonly lockTimeout?: number
  /** Milliseconds that this process's clock is ahead. */
  readonly offset?: number
}

/** What came of one `getToken`. */
export interface Got {
  readonly token: string
  readonly ms: number
}

/** What came of many at once. */
export interface Crowd {
  readonly requests: number
  readonly tokens: number
  /** For each call how much longer it took than the request it waited for. */
  readonly overheads: readonly number[]
  /** How long the process had a processor meanwhile. */
  readonly cpu: number
}

export interface Cycle {
  readonly refreshed: number
  readonly adopted: number
  readonly failures: Readonly<Record<string, number>>
}

let client: Client | undefined
let offset = 0
const requests: number[] = []
const clock: Clock = {
  now: () => Date.now() + offset,
  sleep: async (ms, signal) => {
    await sleep(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined)
  },
}

function current(): Client {
  if (client === undefined) throw new TypeError('open it first')
  return client
}

async function timed(force: boolean): Promise<Got> {
  const began = performance.now()
  const { accessToken } = await current().getToken({ forceRefresh: force })
  const ms = performance.now() - began
  return { token: await fingerprint(accessToken), ms }
}

async function crowd(callers: number): Promise<Crowd> {
  requests.length = 0
  const cpu = process.cpuUsage()
  const began = performance.now()
  const calls = Array.from({ length: callers }, async () => {
    const { accessToken } = await current().getToken()
    return { accessToken, ms: performance.now() - began }
  })
  const got = await Promise.all(calls)
  const waited = requests.reduce((sum, ms) => sum + ms, 0)
  const { user, system } = process.cpuUsage(cpu)
  return {
    cpu: (user + system) / 1000,
    requests: requests.length,
    tokens: new Set(got.map(({ accessToken }) => accessToken)).size,
    overheads: got.map(({ ms }) => ms - waited),
  }
}

let stopped = false

async function cycle({ pause }: { readonly pause: number }): Promise<Cycle> {
  const counts = { refreshed: 0, adopted: 0 }
  const failures: Record<string, number> = {}
  stopped = false
  while (!stopped) {
    try {
      await current().getToken({ forceRefresh: true })
      counts.refreshed += 1
    } catch (error) {
      const code = isOAuthError(error) ? error.code : String(error)
      failures[code] = (failures[code] ?? 0) + 1
      if (code === 'sign_in_required') say({ event: code })
    }
    await sleep(Math.random() * 2 * pause)
  }
  return { ...counts, failures }
}

/** What processes do with a client. */
export const clientCommands = {
  open(order: OpenOrder): void {
    const { origin, path, rotation, worker, timeout, lockTimeout } = order
    offset = order.offset ?? 0
    client = openClient({
      origin,
      worker,
      store: path === undefined ? memoryStore() : fileStore({ path }),
      clock,
      ...(rotation !== undefined && { rotation }),
      ...(timeout !== undefined && { timeout }),
      ...(lockTimeout !== undefined && { lockTimeout }),
      onEvent: (event) => say({ event: event.type, ...('code' in event && { code: event.code }), at: Date.now() }),
      onRequest: () => {
        const began = performance.now()
        return () => requests.push(performance.now() - began)
      },
    })
  },
  signIn: () => signIn(current()),
  shift: (ms: number): void => void (offset = ms),
  token: ({ force = false }: { readonly force?: boolean } = {}) => timed(force),
  crowd,
  cycle,
  stop: (): void => void (stopped = true),
  signOut: () => current().signOut(),
  /** Calls back into the client from its own events and from its listeners, as an application may. */
  async reenter(): Promise<number> {
    let answered = 0
    const again = async (): Promise<void> => {
      await current().getToken()
      answered += 1
    }
    const unsubscribe = current().subscribe(() => void again())
    await current().getToken({ forceRefresh: true })
    await Promise.all([again(), again()])
    await current().signOut()
    unsubscribe()
    return answered
  },
  slot: (): string => slot,
}
