import type { RegisteredClient, User } from './options.ts'
import type { RefreshTokenState } from './rotation.ts'
import { randomSecret } from './random.ts'

/** What one sign-in gave a client; every token of it descends from here. */
export interface Family {
  readonly id: string
  readonly clientId: string
  readonly user: User
  readonly scopes: readonly string[]
  readonly nonce?: string
  /** Milliseconds since the epoch. */
  readonly authenticatedAt: number
  /** Thumbprint of the DPoP key that the refresh tokens are bound to. */
  readonly jkt?: string
  revoked: boolean
  readonly refreshTokens: RefreshToken[]
}

/** A refresh token and its fate. */
export interface RefreshToken extends RefreshTokenState {
  readonly id: string
  readonly value: string
  readonly family: Family
  readonly expiresAt: number
  firstUsedAt?: number
  closed: boolean
}

/** An access token. One of `client_credentials` has no family. */
export interface AccessToken {
  readonly value: string
  readonly clientId: string
  readonly scopes: readonly string[]
  readonly family?: Family
  readonly expiresAt: number
  readonly jkt?: string
  revoked: boolean
}

/** What an authorization code stands for. */
export interface Code {
  readonly value: string
  readonly client: RegisteredClient
  readonly redirectUri: string
  /** The request named it: so must whoever redeems the code. */
  readonly redirectUriNamed: boolean
  readonly codeChallenge?: string
  readonly jkt?: string
  readonly user: User
  readonly scopes: readonly string[]
  readonly nonce?: string
  readonly authenticatedAt: number
  readonly expiresAt: number
  used: boolean
  family?: Family
}

/** What a device waits for (RFC 8628). */
export interface DeviceGrant {
  readonly deviceCode: string
  readonly userCode: string
  readonly clientId: string
  readonly scopes: readonly string[]
  readonly expiresAt: number
  /** The least time between two polls, in milliseconds; it grows with each `slow_down`. */
  interval: number
  polledAt?: number
  answer?: { readonly user: User; readonly scopes: readonly string[] } | { readonly error: string }
  used: boolean
}

/** An authorization request that was pushed (RFC 9126). */
export interface PushedRequest {
  readonly clientId: string
  readonly params: URLSearchParams
  readonly expiresAt: number
}

/** Everything the server remembers. */
export interface Ledger {
  readonly codes: Map<string, Code>
  readonly accessTokens: Map<string, AccessToken>
  readonly refreshTokens: Map<string, RefreshToken>
  readonly families: Family[]
  readonly devices: Map<string, DeviceGrant>
  readonly pushed: Map<string, PushedRequest>
  /** Authorization requests that stand before a person, by the ticket in the page. */
  readonly tickets: Map<string, URLSearchParams>
  /** Identifiers of assertions and proofs that were seen; each is good once. */
  readonly seen: Set<string>
}

/** Gives an empty ledger. */
export function createLedger(): Ledger {
  return {
    codes: new Map(),
    accessTokens: new Map(),
    refreshTokens: new Map(),
    families: [],
    devices: new Map(),
    pushed: new Map(),
    tickets: new Map(),
    seen: new Set(),
  }
}

/** Begins a family. */
export function openFamily(ledger: Ledger, facts: Omit<Family, 'id' | 'revoked' | 'refreshTokens'>): Family {
  const family: Family = { ...facts, id: `family-${ledger.families.length + 1}`, revoked: false, refreshTokens: [] }
  ledger.families.push(family)
  return family
}

/** Issues a refresh token one generation after `parent`. */
export function issueRefreshToken(
  ledger: Ledger,
  family: Family,
  expiresAt: number,
  parent?: RefreshToken,
): RefreshToken {
  const token: RefreshToken = {
    id: `rt-${ledger.refreshTokens.size + 1}`,
    value: randomSecret('rt'),
    family,
    generation: parent === undefined ? 0 : parent.generation + 1,
    expiresAt,
    closed: false,
  }
  family.refreshTokens.push(token)
  ledger.refreshTokens.set(token.value, token)
  return token
}

/** Issues an access token. */
export function issueAccessToken(ledger: Ledger, facts: Omit<AccessToken, 'value' | 'revoked'>): AccessToken {
  const token: AccessToken = { ...facts, value: randomSecret('at'), revoked: false }
  ledger.accessTokens.set(token.value, token)
  return token
}

/** The access token with this value, if the API may still accept it at `now`. */
export function liveAccessToken(ledger: Ledger, value: string, now: number): AccessToken | undefined {
  const token = ledger.accessTokens.get(value)
  if (token === undefined || token.revoked || token.family?.revoked === true) return undefined
  return token.expiresAt > now ? token : undefined
}
