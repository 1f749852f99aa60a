import { OAuthError } from '../../errors.ts'
import type { MCPClientInformation, MCPDiscovery, MCPProviderOptions } from './mcp-shapes.ts'

/** What a provider remembers of who the application is, and to whom. */
export interface ClientFacts {
  discovery: MCPDiscovery | undefined
  /** What was registered, or belongs to the sign-in under way. */
  registered: MCPClientInformation | undefined
  /** Who issued the tokens that the SDK was shown last: it holds that against the server that it is about to ask. */
  issuer?: string | undefined
  /** A client id that the server does not know any more. */
  refused: string | undefined
}

/** The client id in use: the one that was given, was registered, or goes with the stored tokens. */
export async function clientInformation(
  { clientId, store, key }: MCPProviderOptions,
  { registered, refused }: ClientFacts,
): Promise<MCPClientInformation | undefined> {
  if (registered !== undefined) return registered
  if (clientId !== undefined) return { client_id: clientId }
  const record = await store.get(key)
  if (record?.clientId === undefined || record.clientId === refused) return undefined
  return { client_id: record.clientId, ...(record.issuer !== undefined && { issuer: record.issuer }) }
}

/** Keeps what the server registered. It was asked for a client without a secret, and a secret has no place here. */
export function keepRegistration(facts: ClientFacts, information: MCPClientInformation): void {
  const { client_id, client_secret, issuer, token_endpoint_auth_method: method } = information
  if (client_secret !== undefined && method !== undefined && method !== 'none') {
    throw new OAuthError('unsupported', { what: 'a server that registers no clients without a secret' })
  }
  facts.registered = { client_id, ...(issuer !== undefined && { issuer }) }
}
