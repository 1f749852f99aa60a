import type { Fetch, Store, StoredRecord, TransactionStore } from '../contracts.ts'
import { refreshTokens } from '../core/refresh.ts'
import { discoverServer } from '../core/server.ts'
import type { Parties, Proof } from '../core/call.ts'
import type { Server } from '../core/server.ts'
import { loaded } from '../core/loaded.ts'
import { OAuthError } from '../errors.ts'
import { failedOutcome } from '../lifecycle/outcome.ts'
import type { Outcome } from '../lifecycle/outcome.ts'
import type { Presented, RefreshableRecord } from '../lifecycle/refresh.ts'
import type { Config } from './options.ts'
import { reachable } from './reachable.ts'

/** Where a key is kept: the store, or until a person comes back the transactions. */
type KeyKeeper = Pick<Store | TransactionStore, 'keepsKeys'>

/** A client's way to the server: its metadata, asked for once, and the keys it proves. */
export interface Connection {
  server(): Promise<Server>
  /** The parties of a request. With a record: in the name of whom its tokens were issued to, with its key. */
  parties(record?: Pick<StoredRecord, 'clientId' | 'proofKey'>): Promise<Parties>
  proof(key: StoredRecord['proofKey']): Promise<Proof | undefined>
  /** A fresh key in the form that `keeper` can hold, or nothing where tokens are not bound to one. */
  newProofKey(keeper: KeyKeeper): Promise<StoredRecord['proofKey']>
  /** A key in the form that the store can hold. Errors: `store_corrupt` for what is none. */
  storable(key: CryptoKeyPair | JsonWebKey): Promise<CryptoKeyPair | JsonWebKey>
  /** Presents a record's refresh token, once. Never rejects. */
  present(record: RefreshableRecord): Promise<Presented>
}

/** Makes the connection. Does nothing yet. */
export function createConnection(config: Config): Connection {
  const { provider, world, clientAuth } = config
  let server: Promise<Server> | undefined
  let proved: { readonly key: string; readonly proof: Promise<Proof> } | undefined

  function discover(): Promise<Server> {
    if (server !== undefined) return server
    const asked = discoverServer(provider, world)
    server = asked
    asked.catch(() => {
      if (server === asked) server = undefined
    })
    return asked
  }

  async function proof(key: StoredRecord['proofKey']): Promise<Proof | undefined> {
    if (key === undefined) return undefined
    const { createProof, readProofKey } = await loaded(import('../core/proof.ts'), world)
    const pair = await readProofKey(key)
    const name = JSON.stringify(await crypto.subtle.exportKey('jwk', pair.publicKey))
    // The prover remembers the servers' nonces, so a key keeps its prover.
    if (proved?.key !== name) proved = { key: name, proof: Promise.resolve(createProof(pair, world.clock)) }
    return proved.proof
  }

  async function parties(record?: Pick<StoredRecord, 'clientId' | 'proofKey'>): Promise<Parties> {
    const found = await discover()
    const prover = await proof(record?.proofKey)
    const base = { provider, server: found, clientId: record?.clientId ?? config.clientId, clientAuth, world }
    return prover === undefined ? base : { ...base, proof: prover }
  }

  return {
    server: discover,
    parties,
    proof,
    async newProofKey(keeper) {
      if (!config.dpop) return undefined
      const { generateProofKey, writeProofKey } = await loaded(import('../core/proof.ts'), world)
      const everyoneKeeps = [keeper, config.store].every(({ keepsKeys }) => keepsKeys === true)
      const key = await generateProofKey({ extractable: !everyoneKeeps })
      return keeper.keepsKeys === true ? key : writeProofKey(key)
    },
    async storable(key) {
      const { readProofKey, writeProofKey } = await loaded(import('../core/proof.ts'), world)
      const pair = await readProofKey(key)
      if (config.store.keepsKeys === true) return pair
      return 'privateKey' in key ? writeProofKey(pair) : key
    },
    present: (record) => present(parties, config, record),
  }
}

async function present(connect: Connection['parties'], config: Config, record: RefreshableRecord): Promise<Presented> {
  const terminal = config.provider.terminalErrors ?? []
  const line = openLine(config.world.fetch)
  try {
    const parties = await connect(record)
    if (lastChance(config, record)) await ensureReachable(parties)
    const refreshed = await refreshTokens(withFetch(parties, line.fetch), request(config, record))
    line.close()
    // Callers get this very object, and may not change it for others.
    if (refreshed.kind === 'tokens') Object.freeze(refreshed.tokens)
    return { outcome: refreshed }
  } catch (error) {
    const outcome = failedOutcome(error, terminal)
    const pending = line.answer()
    // Whatever failed before the token request, such as discovery, used nothing up.
    if (pending === undefined && 'error' in outcome) return { outcome: { kind: 'unsent', error: outcome.error } }
    if (outcome.kind === 'lost' && outcome.error.code === 'timeout' && pending !== undefined) {
      return { outcome, late: lateOutcome(connect, config, record, pending).finally(line.close) }
    }
    line.close()
    return { outcome }
  }
}

/** Whether, after one lost answer, another would cost the session: the request had better arrive. */
function lastChance({ provider: { rotation = 'unknown' } }: Config, { intent }: RefreshableRecord): boolean {
  return intent !== undefined && (rotation === 'strict' || rotation === 'unknown')
}

async function ensureReachable({ server, world }: Parties): Promise<void> {
  if (server.token_endpoint === undefined || (await reachable(world, server.token_endpoint))) return
  throw new OAuthError('network', { endpoint: 'token', sent: 'no' })
}

/** A `fetch` whose token request stays open when whoever made it no longer waits. */
interface Line {
  readonly fetch: Fetch
  /** The answer to the last token request, for another to read. */
  answer(): Promise<Response> | undefined
  close(): void
}

function openLine(fetch: Fetch): Line {
  const stop = new AbortController()
  let answer: Promise<Response> | undefined
  return {
    fetch(input, init) {
      if (init?.method !== 'POST') return fetch(input, init)
      // With the caller's signal its timeout would hang up, and the tokens that are on their way were lost.
      const both = fetch(input, { ...init, signal: stop.signal }).then(halves)
      answer = both.then(([, later]) => later)
      answer.catch(() => undefined)
      return both.then(([now]) => now)
    },
    answer: () => answer,
    close() {
      stop.abort()
      void answer?.then((unread) => unread.body?.cancel()).catch(() => undefined)
    },
  }
}

/** One answer for two readers. Not by `clone`: happy-dom's loses the body of whatever came over a network. */
function halves(response: Response): readonly [Response, Response] {
  const { status, headers, body } = response
  if (body === null || status === 204 || response.redirected) return [response, response]
  const [now, later] = body.tee()
  return [new Response(now, { status, headers }), new Response(later, { status, headers })]
}

/** How long an answer is still listened for after everybody has given up, in milliseconds. */
const lateness = 2 * 60_000

/**
 * Reads an answer that comes too late, by making the same request once more to a `fetch` that only
 * hands over the answer of the first. Nothing is sent.
 */
async function lateOutcome(
  connect: Connection['parties'],
  config: Config,
  record: RefreshableRecord,
  pending: Promise<Response>,
): Promise<Outcome> {
  try {
    const parties = await connect(record)
    const patient = { ...parties, world: { ...parties.world, timeout: lateness } }
    return await refreshTokens(
      withFetch(patient, () => pending),
      request(config, record),
    )
  } catch (error) {
    return failedOutcome(error, config.provider.terminalErrors ?? [])
  }
}

function withFetch(parties: Parties, fetch: Parties['world']['fetch']): Parties {
  return { ...parties, world: { ...parties.world, fetch } }
}

function request(config: Config, record: RefreshableRecord): Parameters<typeof refreshTokens>[1] {
  return {
    tokens: record.tokens,
    ...(record.account !== undefined && { account: record.account }),
    ...(config.resource !== undefined && { resource: config.resource }),
  }
}
