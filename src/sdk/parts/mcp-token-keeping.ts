import type { StoredRecord } from '../../contracts.ts'
import { clientInformation } from './mcp-client-id.ts'
import type { ClientFacts } from './mcp-client-id.ts'
import type { MCPCredentials, MCPProvider, MCPProviderOptions, MCPTokens } from './mcp-shapes.ts'
import type { SignIns } from './mcp-sign-in.ts'
import { readTokens } from './mcp-tokens.ts'
import { takeTurn } from './mcp-turn.ts'
import type { Turn } from './mcp-turn.ts'

/** The refresh token that a request shows. */
interface Shown {
  /** What the SDK asked for, perhaps before somebody else renewed it. */
  readonly asked: string
  /** What was stored when the request's turn came, and is shown in its place. */
  readonly stored: string
}

interface TokenTurn extends Turn {
  /** Absent where a code is exchanged. */
  readonly shown: Shown | undefined
  /** Who asks: to whom the code or the refresh token was issued. */
  readonly clientId: string | undefined
}

type TokenKeeping = Pick<MCPProvider, 'addClientAuthentication' | 'saveTokens' | 'invalidateCredentials'>

/**
 * What is done with tokens: each request in its turn, and each result held against what is stored.
 *
 * MCP's SDK does not say which request a result belongs to. Turns do: there is one at a time.
 */
export function tokenKeeping(options: MCPProviderOptions, facts: ClientFacts, signIns: SignIns): TokenKeeping {
  const { store, key, clock = Date } = options
  let turn: TokenTurn | undefined
  const endTurn = (): void => {
    turn?.end()
    turn = undefined
  }
  return {
    async addClientAuthentication(_headers, params, url?: string | URL) {
      const code = params.get('code')
      const exchange = code === null ? undefined : signIns.exchange(code, url)
      const taken = await takeTurn(store, key)
      const record = ownRecord(taken, facts)
      const shown = exchange === undefined ? shownIn(params, record) : undefined
      const known = exchange?.transaction ?? record
      const clientId = known?.clientId ?? (await clientInformation(options, facts))?.client_id
      turn = { ...taken, shown, clientId }
      if (shown !== undefined) params.set('refresh_token', shown.stored)
      if (exchange !== undefined) {
        exchange.turn = taken
        params.set('code_verifier', exchange.transaction.codeVerifier)
      }
      if (clientId !== undefined) params.set('client_id', clientId)
    },
    async saveTokens(tokens) {
      const client = turn?.clientId ?? (await clientInformation(options, facts))?.client_id
      const shown = turn?.shown
      const next = recordOf(renewed(tokens, shown), client, clock.now())
      const target = turn?.store() ?? store
      // After a sign-out, or another sign-in, tokens that were renewed for the one before are of no use.
      await target
        .update(key, (stored) => (shown === undefined || isStill(stored, shown) ? next : stored))
        .finally(endTurn)
    },
    async invalidateCredentials(scope) {
      const concerns = (what: MCPCredentials): boolean => [what, 'all'].includes(scope)
      if (concerns('verifier')) signIns.forget()
      if (concerns('discovery')) facts.discovery = undefined
      if (concerns('client')) await refuseClient(options, facts)
      if (!concerns('tokens')) return
      const shown = turn?.shown
      const target = turn?.store() ?? store
      // Nobody knows which token was meant but this: another one may be a sibling's, and good.
      if (shown !== undefined) await target.update(key, (stored) => (isStill(stored, shown) ? undefined : stored))
      endTurn()
    },
  }
}

/** What is stored, unless it is another server's: somebody has signed in there since the SDK has looked. */
function ownRecord({ record }: Turn, facts: ClientFacts): StoredRecord | undefined {
  const issuer = record?.issuer ?? facts.issuer
  return issuer === (facts.issuer ?? issuer) ? record : undefined
}

function shownIn(params: URLSearchParams, record: StoredRecord | undefined): Shown | undefined {
  const asked = params.get('refresh_token')
  return asked === null ? undefined : { asked, stored: record?.tokens.refreshToken ?? asked }
}

function isStill(stored: StoredRecord | undefined, shown: Shown): boolean {
  return stored?.tokens.refreshToken === shown.stored
}

/** Where the server sent no new refresh token, the SDK puts back the one that it believes to have shown. */
function renewed(tokens: MCPTokens, shown: Shown | undefined): MCPTokens {
  return shown !== undefined && tokens.refresh_token === shown.asked
    ? { ...tokens, refresh_token: shown.stored }
    : tokens
}

function recordOf(tokens: MCPTokens, clientId: string | undefined, now: number): StoredRecord {
  const { issuer } = tokens
  return {
    tokens: readTokens(tokens, now),
    ...(issuer !== undefined && { issuer }),
    ...(clientId !== undefined && { clientId }),
  }
}

async function refuseClient(options: MCPProviderOptions, facts: ClientFacts): Promise<void> {
  facts.refused = (await clientInformation(options, facts))?.client_id
  facts.registered = undefined
}
