import type { Transaction } from '../../contracts.ts'
import { OAuthError } from '../../errors.ts'
import { checkCallback } from './mcp-callback.ts'
import type { CarriedState } from './mcp-callback.ts'
import { clientInformation } from './mcp-client-id.ts'
import type { ClientFacts } from './mcp-client-id.ts'
import type { MCPDiscovery, MCPProvider, MCPProviderOptions } from './mcp-shapes.ts'
import type { Turn } from './mcp-turn.ts'
import { sha256 } from './random-text.ts'

/** How long a person may take, in milliseconds. */
const patience = 10 * 60_000

/** How many sign-ins may be on their way to `redirectToAuthorization`. */
const mostUnclaimed = 100

/** A code on its way to the server. */
export interface Exchange {
  readonly transaction: Transaction
  turn?: Turn
}

/** A provider's sign-ins. */
export interface SignIns
  extends Pick<MCPProvider, 'saveCodeVerifier' | 'codeVerifier' | 'redirectToAuthorization' | 'finish'> {
  /** The exchange of this code, which `finish` has begun; at `url`, where that is known. */
  exchange(code: string, url?: string | URL): Exchange
  /** Forgets verifiers that no sign-in has claimed yet. */
  forget(): void
}

/**
 * Keeps sign-ins apart by their `state`. MCP's SDK names none when it hands over a verifier and asks for
 * one, so a verifier finds its sign-in by its challenge, and a code finds its verifier.
 */
export function mcpSignIns(options: MCPProviderOptions, facts: ClientFacts): SignIns {
  const { transactions, redirect } = options
  const unclaimed = new Set<string>()
  const exchanges = new Map<string, Exchange>()
  return {
    async saveCodeVerifier(codeVerifier) {
      unclaimed.add(codeVerifier)
      for (const oldest of unclaimed) if (unclaimed.size > mostUnclaimed) unclaimed.delete(oldest)
    },
    async redirectToAuthorization(url) {
      const codeVerifier = await claim(unclaimed, url.searchParams.get('code_challenge'))
      await transactions.put(await transactionOf(options, facts, { url, codeVerifier }))
      await redirect(url)
    },
    async codeVerifier() {
      const latest = [...exchanges.values()].pop()
      if (latest === undefined) throw new OAuthError('transaction_missing', {})
      return latest.transaction.codeVerifier
    },
    exchange(code, url) {
      const found = exchanges.get(code)
      if (found === undefined) throw new OAuthError('transaction_missing', {})
      const { issuer, tokenEndpoint } = found.transaction
      // Another sign-in may have led the SDK to another server meanwhile. The code goes where the person was sent.
      if (url && facts.discovery && tokenEndpoint !== String(url)) {
        throw new OAuthError('issuer_mismatch', { expected: issuer })
      }
      return found
    },
    async finish(callback, exchange) {
      const { params, code, transaction, carried } = await checkCallback(options, callback)
      facts.discovery = carried.discovery ?? facts.discovery
      facts.registered ??= carried.client
      const own: Exchange = { transaction }
      exchanges.set(code, own)
      try {
        return await exchange(params)
      } finally {
        exchanges.delete(code)
        own.turn?.end()
      }
    },
    forget: () => unclaimed.clear(),
  }
}

async function claim(unclaimed: Set<string>, challenge: string | null): Promise<string> {
  for (const verifier of unclaimed) {
    if ((await sha256(verifier)) === challenge && unclaimed.delete(verifier)) return verifier
  }
  throw new OAuthError('transaction_missing', {})
}

async function transactionOf(
  options: MCPProviderOptions,
  facts: ClientFacts,
  { url, codeVerifier }: { readonly url: URL; readonly codeVerifier: string },
): Promise<Transaction> {
  const { key, redirectUri, clock = Date } = options
  const { discovery } = facts
  const asked = (name: string): string => url.searchParams.get(name) ?? ''
  const resource = asked('resource')
  const client = await clientInformation(options, facts)
  const now = clock.now()
  return {
    state: asked('state'),
    codeVerifier,
    slot: key,
    ...serverOf(discovery, url),
    clientId: client?.client_id ?? asked('client_id'),
    redirectUri,
    scopes: asked('scope')
      .split(' ')
      .filter((scope) => scope !== ''),
    ...(resource !== '' && { resource }),
    appState: {
      ...(discovery !== undefined && { discovery }),
      ...(client !== undefined && { client }),
    } satisfies CarriedState,
    startedAt: now,
    expiresAt: now + patience,
  }
}

/** What the SDK's discovery says, as far as a transaction records it. */
interface Found extends Partial<MCPDiscovery> {
  readonly authorizationServerMetadata?: { readonly issuer?: string; readonly token_endpoint?: string }
}

function serverOf(discovery: MCPDiscovery | undefined, { origin }: URL): Pick<Transaction, 'issuer' | 'tokenEndpoint'> {
  const { authorizationServerUrl = origin, authorizationServerMetadata = {} }: Found = discovery ?? {}
  const { issuer = authorizationServerUrl, token_endpoint: named } = authorizationServerMetadata
  return { issuer, tokenEndpoint: new URL(named ?? '/token', authorizationServerUrl).href }
}
