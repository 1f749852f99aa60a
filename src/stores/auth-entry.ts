import type { Account, DeadMark, RefreshIntent, StoredRecord, TokenSet } from '../contracts.ts'

/**
 * What `expires` says when nobody knows: the last instant a `Date` can hold. Pi's strict reader
 * wants a finite number, and then uses the token until the API refuses it, as we do.
 */
const unknownExpiry = 8_640_000_000_000_000

/** The fields of an entry that are ours to write and remove. All others belong to other programs. */
const ownFields = [
  'type',
  'refresh',
  'access',
  'expires',
  'accountId',
  'issuer',
  'clientId',
  'scopes',
  'idToken',
  'obtainedAt',
  'tokenType',
  'account',
  'intent',
  'dead',
  'proofKey',
] as const

type OwnField = (typeof ownFields)[number]

/** An entry of `auth.json` is a record, `undefined` for somebody else's or an empty one, or `'malformed'`. */
export type ReadEntry = StoredRecord | 'malformed' | undefined

/**
 * Reads an OAuth entry of Pi's `auth.json`, as Pi, other tools or we wrote it.
 *
 * Optional fields of the wrong type count as absent; wrong tokens make the entry `'malformed'`.
 */
export function readEntry(entry: unknown): ReadEntry {
  if (!isObject(entry)) return 'malformed'
  if (own(entry, 'type') !== 'oauth') return undefined
  const tokens = readTokens(entry)
  if (tokens === undefined || tokens === 'malformed') return tokens
  const proofKey = own(entry, 'proofKey')
  return {
    tokens,
    ...defined({
      issuer: string(own(entry, 'issuer')),
      clientId: string(own(entry, 'clientId')),
      account: readAccount(own(entry, 'account'), string(own(entry, 'accountId'))),
      intent: readIntent(own(entry, 'intent')),
      dead: readDead(own(entry, 'dead')),
      proofKey: isObject(proofKey) ? (proofKey as JsonWebKey) : undefined,
    }),
  }
}

function readTokens(entry: Readonly<Record<string, unknown>>): TokenSet | 'malformed' | undefined {
  const [access, refresh] = [own(entry, 'access') ?? '', own(entry, 'refresh') ?? '']
  if (typeof access !== 'string' || typeof refresh !== 'string') return 'malformed'
  if (access === '' && refresh === '') return undefined
  const scopes = own(entry, 'scopes')
  return {
    accessToken: access,
    tokenType: own(entry, 'tokenType') === 'DPoP' ? 'DPoP' : 'Bearer',
    ...defined({
      refreshToken: string(refresh),
      idToken: string(own(entry, 'idToken')),
      scopes: Array.isArray(scopes) && scopes.every((scope) => typeof scope === 'string') ? scopes : undefined,
      obtainedAt: number(own(entry, 'obtainedAt')),
      // Without an access token there is nothing to wait for: refresh.
      expiresAt: access === '' ? 0 : expiry(own(entry, 'expires')),
    }),
  }
}

/** The fields that make an entry say what `record` says; `undefined` where a field must be absent. */
export function entryFields(record: StoredRecord): ReadonlyMap<OwnField, unknown> {
  const { tokens, proofKey } = record
  if (proofKey !== undefined && 'privateKey' in proofKey) {
    throw new TypeError('This store keeps JSON only: the proofKey must be a JsonWebKey')
  }
  const fields: Record<OwnField, unknown> = {
    type: 'oauth',
    refresh: tokens.refreshToken ?? '',
    access: tokens.accessToken,
    expires: Number.isFinite(tokens.expiresAt) ? tokens.expiresAt : unknownExpiry,
    accountId: record.account?.accountId,
    issuer: record.issuer,
    clientId: record.clientId,
    scopes: tokens.scopes,
    idToken: tokens.idToken,
    obtainedAt: tokens.obtainedAt,
    tokenType: tokens.tokenType === 'DPoP' ? 'DPoP' : undefined,
    account: record.account,
    intent: record.intent,
    dead: record.dead,
    proofKey,
  }
  return new Map(ownFields.map((name) => [name, fields[name]]))
}

/** Pi keeps `accountId` up to date when it signs in again, so it outranks ours. */
function readAccount(account: unknown, accountId: string | undefined): Account | undefined {
  if (!isObject(account)) return accountId === undefined ? undefined : { accountId }
  const texts = Object.entries(account).filter(([, value]) => typeof value === 'string')
  return { ...Object.fromEntries(texts), ...defined({ accountId }) }
}

function readIntent(intent: unknown): RefreshIntent | undefined {
  if (!isObject(intent)) return undefined
  const { hash, owner, at, lost } = intent
  if (typeof hash !== 'string' || typeof owner !== 'string') return undefined
  return typeof at === 'number' && typeof lost === 'number' ? { hash, owner, at, lost } : undefined
}

function readDead(dead: unknown): DeadMark | undefined {
  if (!isObject(dead)) return undefined
  const { hash, at, error } = dead
  return typeof hash === 'string' && typeof at === 'number' && typeof error === 'string'
    ? { hash, at, error }
    : undefined
}

function expiry(expires: unknown): number | undefined {
  return typeof expires === 'number' && expires < unknownExpiry ? expires : undefined
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Never what a prototype says. */
function own(entry: Readonly<Record<string, unknown>>, name: OwnField): unknown {
  return Object.hasOwn(entry, name) ? entry[name] : undefined
}

function string(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}

/** Leaves out what is `undefined`. */
function defined<T extends object>(fields: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never
}
