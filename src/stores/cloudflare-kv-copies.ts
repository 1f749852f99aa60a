import type { HeldStore, Store, StoredRecord } from '../contracts.ts'
import type { KVTexts } from './cloudflare-kv-binding.ts'
import type { RecordCodec } from './durable-object-records.ts'
import { recordText } from './record-text.ts'

/** For how long a copy must still be of use, in milliseconds. KV keeps nothing for less than a minute. */
const margin = 60_000

/** How often a copy is laid down anew because the truth has changed meanwhile. */
const rounds = 5

/** Reads what is near first, where that can do no harm. Everything else is `truth`'s. */
export function nearCopies(truth: Store, copies: KVTexts, codec: RecordCodec): Store {
  async function get(slot: string): Promise<StoredRecord | undefined> {
    const copy = await copyOf(slot).catch(() => undefined)
    return copy !== undefined && timeLeft(copy) > margin ? copy : truth.get(slot)
  }

  async function copyOf(slot: string): Promise<StoredRecord | undefined> {
    const text = await copies.get(slot)
    return text === undefined ? undefined : codec.read(slot, text)
  }

  const writing = (store: HeldStore): HeldStore['update'] => {
    return async (slot, change) => {
      let written = true
      const stored = await store.update(slot, (current) => {
        const next = change(current)
        written = next !== current || next === undefined
        return next
      })
      if (written) await layDown(slot, stored)
      return stored
    }
  }

  /** Whoever is late with a copy would hide a later record, or bring back one that was removed: so the truth is asked again. */
  async function layDown(slot: string, stored: StoredRecord | undefined): Promise<void> {
    let latest = stored
    for (let round = 0; round < rounds; round++) {
      // An intent says that another record will follow at once.
      if (latest?.intent !== undefined) return
      await copied(slot, latest)
      const now = await truth.get(slot)
      if (isSame(now, latest)) return
      latest = now
    }
  }

  async function copied(slot: string, record: StoredRecord | undefined): Promise<void> {
    if (record === undefined) return copies.remove(slot)
    const left = timeLeft(record)
    const { text } = await codec.write(slot, record)
    const work = left > margin ? copies.put(slot, text, Math.floor(left / 1000)) : copies.remove(slot)
    // What the truth holds counts; an older copy that stays in place ends by itself.
    await work.catch(() => undefined)
  }

  return {
    ...truth,
    get,
    update: writing(truth),
    lock: (slot, task, wait) => truth.lock(slot, (held) => task({ get: held.get, update: writing(held) }), wait),
  }
}

/** For how long a record's access token can be served without asking anybody, in milliseconds. */
function timeLeft({ tokens, dead }: StoredRecord): number {
  return tokens.expiresAt === undefined || dead !== undefined ? 0 : tokens.expiresAt - Date.now()
}

function isSame(one: StoredRecord | undefined, other: StoredRecord | undefined): boolean {
  return (one && recordText(one)) === (other && recordText(other))
}
