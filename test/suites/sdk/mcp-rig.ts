import type { Store, StoredRecord, TransactionStore } from '../../../src/contracts.ts'
import { createMCPProvider } from '../../../src/sdk/mcp.ts'
import type { MCPDiscovery, MCPProvider, MCPProviderOptions } from '../../../src/sdk/mcp.ts'
import { memoryTransactions } from '../../../src/stores/memory-transactions.ts'
import { memoryStore } from '../../../src/stores/memory.ts'

export const key = 'mcp-test'
export const issuer = 'https://id.example.com'
export const now = 1_700_000_000_000

/** Providers of one application, which share what is stored, and the addresses that they sent the person to. */
export interface MCPRig {
  readonly store: Store
  readonly transactions: TransactionStore
  readonly visited: URL[]
  provider(options?: Partial<MCPProviderOptions>): MCPProvider
}

export function mcpRig(): MCPRig {
  const store = memoryStore()
  const transactions = memoryTransactions({ clock: { now: () => now } })
  const visited: URL[] = []
  return {
    store,
    transactions,
    visited,
    provider: (options = {}) =>
      createMCPProvider({
        store,
        transactions,
        key,
        clientName: 'Test',
        redirectUri: 'https://app.example.com/callback',
        redirect: (url) => void visited.push(url),
        clock: { now: () => now },
        ...options,
      }),
  }
}

export const verifiers = ['verifier-one', 'verifier-two'] as const

/** What the MCP SDK does until the person has left: all that tells the sign-ins apart is in the URL. */
export async function leave(mcp: MCPProvider, verifier: string): Promise<URL> {
  const state = await mcp.state()
  await mcp.saveCodeVerifier(verifier)
  const url = new URL(`${issuer}/authorize`)
  url.search = String(new URLSearchParams({ state, code_challenge: await challengeOf(verifier), scope: 'read write' }))
  return url
}

async function challengeOf(verifier: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))
  return btoa(String.fromCharCode(...new Uint8Array(digest)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

export function discovery(metadata: object = {}): MCPDiscovery {
  const authorizationServerMetadata = { issuer, token_endpoint: `${issuer}/token`, ...metadata }
  const whole = { authorizationServerUrl: issuer, authorizationServerMetadata }
  return whole
}

/** A person who went there, and the callback that brings them back. */
export async function away(mcp: MCPProvider, metadata: object = {}): Promise<URL> {
  await mcp.saveClientInformation({ client_id: 'mcp-client', issuer })
  await mcp.saveDiscoveryState(discovery(metadata))
  const url = await leave(mcp, verifiers[0])
  await mcp.redirectToAuthorization(url)
  return new URL(`https://app.example.com/callback?code=the-code&state=${url.searchParams.get('state')}`)
}

export function refresh(token: string): URLSearchParams {
  return new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token })
}

export function record(refreshToken: string): StoredRecord {
  const tokens = { accessToken: `access of ${refreshToken}`, tokenType: 'Bearer', refreshToken } as const
  return { tokens, issuer, clientId: 'mcp-client' }
}
