import { OAuthError } from '../errors.ts'
import { fromBase64url, toBase64url } from './base64url.ts'
import { withinTime } from './within-time.ts'

/** The part of a Workers KV binding that we use: `env.KV`. */
export interface KVBinding {
  get(key: string): Promise<string | null>
  put(key: string, value: string, options?: KVPutOptions): Promise<void>
  delete(key: string): Promise<void>
  list(options: { prefix: string; cursor?: string }): Promise<KVList>
}

/** What KV may be told about a text. */
export interface KVPutOptions {
  /** Seconds, 60 or more. */
  expirationTtl?: number
  metadata?: unknown
}

/** A page of names. */
export interface KVList {
  readonly keys: readonly { readonly name: string; readonly metadata?: unknown }[]
  readonly list_complete: boolean
  readonly cursor?: string
}

/** The texts that one store keeps in KV. */
export interface KVTexts {
  get(slot: string): Promise<string | undefined>
  put(slot: string, text: string, ttl?: number): Promise<void>
  remove(slot: string): Promise<void>
  slots(): Promise<string[]>
}

/** KV takes one write per second of a key: the others are told to come back. */
const pauses = [1100, 2200]

/** Names texts by their slots, within times, with our errors: `persist_failed`, `timeout`. */
export function kvTexts(kv: KVBinding, prefix: string, timeout: number): KVTexts {
  const bounded = async <T>(ask: () => Promise<T>): Promise<T> =>
    withinTime(
      ask().catch(() => {
        // The native text is left out: it names the key.
        throw new OAuthError('persist_failed', { where: 'Workers KV', reason: 'it gave no answer' })
      }),
      { what: 'Workers KV', after: timeout },
    )

  return {
    get: async (slot) => (await bounded(async () => kv.get(await nameOf(prefix, slot)))) ?? undefined,
    put: async (slot, text, ttl) => {
      const options = {
        metadata: { slot: toBase64url(new TextEncoder().encode(slot)) },
        ...(ttl !== undefined && { expirationTtl: ttl }),
      }
      await bounded(() => insisting(async () => kv.put(await nameOf(prefix, slot), text, options)))
    },
    remove: (slot) => bounded(() => insisting(async () => kv.delete(await nameOf(prefix, slot)))),
    slots: async () => {
      const all: string[] = []
      for (let cursor: string | undefined; ; ) {
        const list = await bounded(async () =>
          kv.list({ prefix: `${prefix}:`, ...(cursor !== undefined && { cursor }) }),
        )
        all.push(...list.keys.flatMap(({ metadata }) => slotOf(metadata)))
        ;({ cursor } = list)
        if (list.list_complete || cursor === undefined) return all
      }
    },
  }
}

/** KV takes names of 512 bytes, without some; so that each slot has one of its own, whatever is in it. */
async function nameOf(prefix: string, slot: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(JSON.stringify(slot)))
  return `${prefix}:${toBase64url(new Uint8Array(digest))}`
}

function slotOf(metadata: unknown): string[] {
  if (typeof metadata !== 'object' || metadata === null || !('slot' in metadata)) return []
  const bytes = typeof metadata.slot === 'string' ? fromBase64url(metadata.slot) : undefined
  return bytes === undefined ? [] : [new TextDecoder().decode(bytes)]
}

async function insisting(write: () => Promise<void>): Promise<void> {
  for (const ms of pauses) {
    try {
      return await write()
    } catch {
      await new Promise((resolve) => {
        setTimeout(resolve, ms)
      })
    }
  }
  return write()
}
