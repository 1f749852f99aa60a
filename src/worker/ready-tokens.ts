import { apiHeaders } from '../client/api-headers.ts'
import type { AddHeaders } from '../client/api-headers.ts'
import { authorizedFetch } from '../client/authorized-fetch.ts'
import type { ClientOptions } from '../client/client.ts'
import { defect } from '../client/guarded-store.ts'
import { readOptions } from '../client/options.ts'
import type { Config } from '../client/options.ts'
import { now } from '../client/token-access.ts'
import type { Fetch, StoredRecord, TokenSet } from '../contracts.ts'
import { decide, quietUntil } from '../lifecycle/decide.ts'
import type { Need } from '../lifecycle/decide.ts'

/** Tokens that are served as they are, without a client, which takes longer to make than a call takes. */
export interface ReadyTokens {
  /** The `fetch` that a client with this record would give; nothing, where a client would have to do more than serve. */
  fetchWith(record: StoredRecord, renew: Renew): Fetch | undefined
}

/** Gets another token than the one that the API has refused. */
export type Renew = (need: Need, signal: AbortSignal | undefined) => Promise<TokenSet>

/** What a record is good for, with nothing to renew, until some instant. */
interface Ready {
  readonly tokens: TokenSet
  readonly until: number
  readonly addHeaders: AddHeaders | undefined
}

/** Judges each record once: whoever changes one makes another object. */
export function readyTokens(options: ClientOptions): ReadyTokens {
  const config = readOptions(options)
  const { world, apiOrigins } = config
  const judged = new WeakMap<StoredRecord, Ready>()
  return {
    fetchWith(record, renew) {
      const ready = judged.get(record) ?? judge(config, record)
      if (ready === undefined || world.clock.now() >= ready.until) return undefined
      judged.set(record, ready)
      const { tokens, addHeaders } = ready
      return authorizedFetch({
        fetch: world.fetch,
        apiOrigins,
        addHeaders,
        atHand: () => tokens,
        tokens: (refused, signal) => renew(refused === undefined ? now : { ...now, refused }, signal),
        proof: async () => undefined,
      })
    },
  }
}

function judge({ provider, policy, world }: Config, record: StoredRecord): Ready | undefined {
  if (defect(record) !== undefined) return undefined
  const { tokens, account, dead } = record
  // A proof is made with a key, and whether a session is over is told by a hash: that takes a while.
  if (tokens.tokenType !== 'Bearer' || dead !== undefined) return undefined
  // The hash only says what became of a refresh, and before `until` none is due.
  const held = { record, hash: '' }
  if (decide(held, now, world.clock.now(), policy).do !== 'serve') return undefined
  return { tokens, until: quietUntil(held, now, policy), addHeaders: apiHeaders(provider, () => account) }
}
