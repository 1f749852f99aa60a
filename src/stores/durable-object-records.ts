import type { HeldStore, RecordChange, StoredRecord } from '../contracts.ts'
import { OAuthError } from '../errors.ts'
import type { Deposit } from './durable-object-storage.ts'
import { randomName, type VaultLease } from './durable-object-lease.ts'
import type { Vault } from './durable-object-stub.ts'
import { keyRing, type EncryptionKeys } from './encryption-key.ts'
import { readRecord, recordText } from './record-text.ts'
import { openRecord, sealRecord } from './sealed-record.ts'

/** How records become texts for others to keep, and records again. */
export interface RecordCodec {
  write(slot: string, record: StoredRecord): Promise<{ readonly text: string; readonly record: StoredRecord }>
  /** Throws `store_corrupt`. */
  read(slot: string, text: string): Promise<StoredRecord>
}

/** Seals records under a key, as `encryptedStore` does; where none is named they stay in clear. */
export function recordCodec(options: { readonly key?: EncryptionKeys }, place: string): RecordCodec {
  // A secret that was not set is refused like any other key that is none.
  const ring = 'key' in options ? keyRing(options.key as EncryptionKeys) : undefined

  async function seal(slot: string, given: StoredRecord): Promise<StoredRecord> {
    const [first] = (await ring?.()) ?? []
    return first === undefined ? given : (await sealRecord(first, slot, { record: given, keepsKeys: false })).sealed
  }

  async function open(slot: string, text: string): Promise<StoredRecord | undefined> {
    const stored = readRecord(text)
    if (stored === undefined) return stored
    // Without a key what was sealed is nothing, and no token.
    const record = await openRecord((await ring?.()) ?? [], slot, stored)
    if (record === 'in clear' && ring === undefined) return stored
    return typeof record === 'object' ? record : undefined
  }

  return {
    async write(slot, given) {
      const clear = recordText(given)
      const record = readRecord(clear)
      if (record === undefined) throw new TypeError('A change must give a record, or undefined')
      return { text: recordText(await seal(slot, record)), record }
    },
    async read(slot, text) {
      const record = await open(slot, text)
      if (record !== undefined) return record
      throw new OAuthError('store_corrupt', {
        where: `The entry ${JSON.stringify(slot)} in ${place}`,
        reason: ring === undefined ? 'it is no record in clear' : 'it was not sealed with this key for this account',
      })
    },
  }
}

/** Where the records of one store lie. */
export interface VaultRecords {
  readonly codec: RecordCodec
  /** The object of an account. */
  vaultOf(slot: string): Vault
  /** The object that knows the names of all accounts. */
  readonly index: Vault
}

/** How long an update that others keep overtaking goes on trying, in milliseconds. */
const patience = 30_000

/** For how long what came with a lock is as good as read, in milliseconds. */
const freshFor = 500

/** A lock that is held, and what was stored when it was had. */
export interface HeldLease extends Pick<VaultLease, 'token' | 'deposit'> {
  readonly slot: string
}

/** Reads and writes, under `lease` if there is one. */
export function vaultHandle(records: VaultRecords, lease?: HeldLease): HeldStore {
  // What came with the lock saves the first look, if that follows at once; a later one looks for something newer.
  let came = lease
  const until = performance.now() + freshFor

  async function read(slot: string): Promise<Deposit | undefined> {
    const known = came?.slot === slot && performance.now() < until ? came : undefined
    came = undefined
    return (known ?? (await records.vaultOf(slot).call({ do: 'read' }))).deposit
  }

  return {
    get: async (slot) => {
      const deposit = await read(slot)
      return deposit && records.codec.read(slot, deposit.text)
    },
    update: async (slot, change) => {
      const before = await read(slot)
      return update(records, { slot, change, before, lease: lease?.slot === slot ? lease.token : undefined })
    },
  }
}

interface Update {
  readonly slot: string
  readonly change: RecordChange
  readonly before: Deposit | undefined
  readonly lease: string | undefined
}

async function update(
  records: VaultRecords,
  { slot, change, before, lease }: Update,
): Promise<StoredRecord | undefined> {
  const until = performance.now() + patience
  let deposit = before
  // Who was overtaken once waits for a turn, or the same might happen without end.
  let turn: string | undefined
  do {
    const current = deposit && (await records.codec.read(slot, deposit.text))
    const given = change(current)
    if (given === current) return current
    const next = given && (await records.codec.write(slot, given))
    const answer = await exchange(records, { slot, before: deposit, text: next?.text, lease, turn })
    if (answer.outcome === 'done') return next?.record
    if (answer.outcome === 'lost') throw unwritten('the lock was lost')
    turn ??= randomName()
    ;({ deposit } = await records.vaultOf(slot).call({ do: 'take turn', turn }))
  } while (performance.now() < until)
  throw unwritten('others kept changing the record')
}

interface Exchange {
  readonly slot: string
  readonly before: Deposit | undefined
  readonly text: string | undefined
  readonly lease: string | undefined
  readonly turn: string | undefined
}

/**
 * Writes where `before` still stands. The index learns a name before there is a record by it, and forgets it
 * afterwards: it may know too many names for a while, and never too few.
 */
async function exchange({ vaultOf, index }: VaultRecords, given: Exchange): Promise<Answer> {
  const { slot, before, text, lease, turn } = given
  const name = JSON.stringify(slot)
  const tag = before?.tag ?? randomName()
  if (before === undefined) await index.call({ do: 'add name', name, tag })
  const answer = await vaultOf(slot).call({
    do: 'write',
    expected: before?.revision ?? '',
    ...(text !== undefined && { next: { revision: randomName(), text, tag } }),
    ...(lease !== undefined && { lease }),
    ...(turn !== undefined && { turn }),
  })
  // Whatever became of our write, also one whose answer was lost: the name is that record's for as long as it is there.
  if (answer.deposit?.tag !== tag) await index.call({ do: 'remove name', name, tag }).catch(() => undefined)
  return answer
}

type Answer = Awaited<ReturnType<Vault['call']>>

function unwritten(reason: string): OAuthError {
  return new OAuthError('persist_failed', { where: 'the Durable Object', reason })
}
