import type { Store, StoredRecord, TransactionStore } from '../contracts.ts'
import { refreshBy } from '../core/refresh.ts'
import type { RefreshRequest } from '../core/refresh.ts'
import type { Carry } from '../core/send.ts'
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
  /**
   * The parties of a request. With a record: in the name of whom its tokens were issued to, with its key.
   *
   * Errors: `issuer_mismatch` for the tokens of another server, which this one shall not see.
   */
  parties(record?: Pick<StoredRecord, 'issuer' | 'clientId' | 'proofKey'>): Promise<Parties>
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
  let proved: { readonly from: object; readonly key: string; readonly proof: Proof } | undefined

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
    if (key === proved?.from) return proved.proof
    const { createProof, readProofKey } = await loaded(import('../core/proof.ts'), world)
    const pair = await readProofKey(key)
    const name = JSON.stringify(await crypto.subtle.exportKey('jwk', pair.publicKey))
    // The prover remembers the servers' nonces, so a key keeps its prover.
    const proof = proved?.key === name ? proved.proof : createProof(pair, world.clock)
    proved = { from: key, key: name, proof }
    return proof
  }

  async function parties(record?: Parameters<Connection['parties']>[0]): Promise<Parties> {
    const found = await discover()
    checkIssuer(found, record?.issuer)
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

function checkIssuer({ issuer: expected }: Server, received: string = expected): void {
  if (received !== expected) throw new OAuthError('issuer_mismatch', { expected, received })
}

async function present(connect: Connection['parties'], config: Config, record: RefreshableRecord): Promise<Presented> {
  const terminal = config.provider.terminalErrors ?? []
  const stop = new AbortController()
  let pending: Exchange | undefined
  try {
    const parties = await connect(record)
    if (lastChance(config, record)) await ensureReachable(parties)
    // With a timeout of ours it would hang up, and the tokens that are on their way were lost.
    const carry: Carry = (begin) => (pending = { sentAt: config.world.clock.now(), answer: begin(stop.signal) }).answer
    const refreshed = await refreshBy(parties, request(config, record), carry)
    // Callers get this very object, and may not change it for others.
    if (refreshed.kind === 'tokens') Object.freeze(refreshed.tokens)
    return { outcome: refreshed }
  } catch (error) {
    const outcome = failedOutcome(error, terminal)
    // Whatever failed before the token request, such as discovery, used nothing up.
    if (pending === undefined && 'error' in outcome) return { outcome: { kind: 'unsent', error: outcome.error } }
    if (outcome.kind !== 'lost' || outcome.error.code !== 'timeout' || pending === undefined) return { outcome }
    return { outcome, late: lateOutcome(connect, config, record, pending).finally(() => stop.abort()) }
  }
}

/** A request that has left. */
interface Exchange {
  readonly sentAt: number
  readonly answer: Promise<Response>
}

/** Whether, after one lost answer, another would cost the session: the request had better arrive. */
function lastChance({ provider: { rotation = 'unknown' } }: Config, { intent }: RefreshableRecord): boolean {
  return intent !== undefined && (rotation === 'strict' || rotation === 'unknown')
}

async function ensureReachable({ server, world }: Parties): Promise<void> {
  if (server.token_endpoint === undefined || (await reachable(world, server.token_endpoint))) return
  throw new OAuthError('network', { endpoint: 'token', sent: 'no' })
}

/** How long an answer is still listened for after everybody has given up, in milliseconds. */
const lateness = 2 * 60_000

/** Reads an answer that comes too late, as if the request were made once more, at its own time. Nothing is sent. */
async function lateOutcome(
  connect: Connection['parties'],
  config: Config,
  record: RefreshableRecord,
  { sentAt, answer }: Exchange,
): Promise<Outcome> {
  try {
    const parties = await connect(record)
    const patient = { ...parties, world: { ...parties.world, timeout: lateness } }
    return await refreshBy(patient, request(config, record), () => answer, sentAt)
  } catch (error) {
    return failedOutcome(error, config.provider.terminalErrors ?? [])
  }
}

function request(config: Config, record: RefreshableRecord): RefreshRequest {
  return {
    tokens: record.tokens,
    ...(record.account !== undefined && { account: record.account }),
    ...(config.resource !== undefined && { resource: config.resource }),
  }
}
