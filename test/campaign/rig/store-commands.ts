import { hrtime } from 'node:process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RecordChange } from '../../../src/contracts.ts'
import { isOAuthError } from '../../../src/errors.ts'
import { fileStore } from '../../../src/stores/file.node.ts'
import { fingerprint } from '../../../src/testing/redaction.ts'
import { slot } from './open-client.ts'
import { say } from './serve-commands.ts'

/** When a lock was held, by the clock that all processes of a machine share, in nanoseconds. */
export type Held = { readonly from: string; readonly to: string } | { readonly code: string }

/** What a reader without a lock saw. */
export interface Sightings {
  readonly reads: number
  /** Texts that were no JSON object, or lacked the entry. */
  readonly broken: number
  readonly entriesLost: number
  /** When which refresh token (its fingerprint) was first seen, in order. */
  readonly generations: readonly (readonly [at: number, refresh: string])[]
}

export interface Written {
  /** Updates that were acknowledged. */
  readonly written: number
  readonly failures: Readonly<Record<string, number>>
}

const increment: RecordChange = (record) => ({
  ...record,
  tokens: {
    accessToken: 'x'.repeat(500),
    tokenType: 'Bearer',
    refreshToken: 'r',
    expiresAt: (record?.tokens.expiresAt ?? 0) + 1,
  },
})

const seen = { reads: 0, broken: 0, entriesLost: 0 }
const generations: [number, string][] = []
let reading = false

async function observe({
  path,
  entries,
}: {
  readonly path: string
  readonly entries: readonly string[]
}): Promise<void> {
  reading = true
  let last: string | undefined
  while (reading) {
    try {
      const at = Date.now()
      const auth = JSON.parse(readFileSync(path, 'utf8')) as Record<string, { readonly refresh?: string }>
      if (entries.some((entry) => auth[entry] === undefined)) seen.entriesLost += 1
      const refresh = auth[slot]?.refresh ?? ''
      if (refresh !== last) generations.push([at, await fingerprint(refresh)])
      last = refresh
    } catch {
      seen.broken += 1
    }
    seen.reads += 1
    await sleep(2)
  }
}

/** What processes do with a store. */
export const storeCommands = {
  /** Takes the lock once and tells when it was held. */
  async lock({
    path,
    hold,
    timeout,
  }: {
    readonly path: string
    readonly hold: number
    readonly timeout: number
  }): Promise<Held> {
    try {
      return await fileStore({ path }).lock(
        slot,
        async () => {
          const from = hrtime.bigint()
          await sleep(hold)
          return { from: String(from), to: String(hrtime.bigint()) }
        },
        { timeout },
      )
    } catch (error) {
      return { code: isOAuthError(error) ? error.code : String(error) }
    }
  },
  /** Takes the lock, says so, and keeps it. */
  keep: (path: string): Promise<void> =>
    fileStore({ path }).lock(
      slot,
      async () => {
        say({ held: true })
        await sleep(600_000)
      },
      { timeout: 60_000 },
    ),
  /** Adds one to an entry, over and over. */
  async write(order: {
    readonly path: string
    readonly entry: string
    readonly lasts: number
    readonly pause: number
  }): Promise<Written> {
    const store = fileStore({ path: order.path, lockTimeout: 120_000 })
    const until = performance.now() + order.lasts
    const failures: Record<string, number> = {}
    let written = 0
    while (performance.now() < until) {
      try {
        written = (await store.update(order.entry, increment))?.tokens.expiresAt ?? -1
        say({ entry: order.entry, written })
      } catch (error) {
        const code = isOAuthError(error) ? error.code : String(error)
        failures[code] = (failures[code] ?? 0) + 1
      }
      await sleep(Math.random() * 2 * order.pause)
    }
    return { written, failures }
  },
  observe: (order: { readonly path: string; readonly entries: readonly string[] }): void => void observe(order),
  sightings(): Sightings {
    reading = false
    return { ...seen, generations }
  },
  now: (): string => String(hrtime.bigint()),
  async get(path: string): Promise<boolean> {
    return (await fileStore({ path }).get(slot)) !== undefined
  },
}
