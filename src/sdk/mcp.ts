/**
 * A client in the shapes of MCP's SDKs.
 *
 * @module
 */

import type { Fetch } from '../contracts.ts'
import { clientInformation, keepRegistration } from './parts/mcp-client-id.ts'
import type { ClientFacts } from './parts/mcp-client-id.ts'
import type { MCPProvider, MCPProviderOptions } from './parts/mcp-shapes.ts'
import { mcpSignIns } from './parts/mcp-sign-in.ts'
import { tokenKeeping } from './parts/mcp-token-keeping.ts'
import { writeTokens } from './parts/mcp-tokens.ts'
import { randomText } from './parts/random-text.ts'

export type {
  MCPClientInformation,
  MCPClientMetadata,
  MCPCredentials,
  MCPDiscovery,
  MCPProvider,
  MCPProviderOptions,
  MCPTokens,
} from './parts/mcp-shapes.ts'

/** The part of a client that {@link toMCP} needs. */
export interface MCPClient {
  readonly fetch: Fetch
}

/** The options of a transport that a client stands in for. */
export interface MCPAuth {
  readonly fetch: Fetch
}

/**
 * Lets the transports of `@modelcontextprotocol/client` 2.x and `@modelcontextprotocol/sdk` 1.x call as whoever
 * signed in. The server's origin must be among the client's `apiOrigins`.
 *
 * The client itself is an `AuthProvider` of 2.x too. Where the server is not known beforehand, and says
 * itself where to sign in, see {@link createMCPProvider}.
 *
 * Errors: those of `client.fetch`.
 *
 * @example
 * ```ts
 * const transport = new StreamableHTTPClientTransport(new URL('https://mcp.example.com/mcp'), toMCP(client))
 * ```
 */
export function toMCP(client: MCPClient): MCPAuth {
  return { fetch: (input, init) => client.fetch(input, init) }
}

/**
 * Gives an `OAuthClientProvider`: MCP's SDK finds the authorization server, registers the application
 * and makes the requests, and this keeps what must be kept.
 *
 * Sign-ins are told apart by their `state`; end each with `finish`, as a code that comes another way is
 * refused. Whoever shares `store` takes turns: a refresh shows the token that is stored now, never one
 * that another has used up, and a refused token takes nothing with it but itself. Clients with a secret and
 * DPoP are not supported.
 *
 * Errors, within those of the SDK: those of the store, `transaction_missing`, `unsupported`.
 *
 * @example
 * ```ts
 * const authProvider = createMCPProvider({
 *   store: fileStore({ path: 'mcp.json' }),
 *   transactions: memoryTransactions(),
 *   key: 'mcp-example',
 *   clientName: 'My editor',
 *   redirectUri: 'http://127.0.0.1:8931/callback',
 *   redirect: (url) => openBrowser(url),
 * })
 * const transport = new StreamableHTTPClientTransport(new URL('https://mcp.example.com/mcp'), { authProvider })
 * // … when the person comes back:
 * await authProvider.finish(callbackUrl, (params) => transport.finishAuth(params))
 * ```
 *
 * @see {@link https://modelcontextprotocol.io/specification Model Context Protocol, authorization}
 */
export function createMCPProvider(options: MCPProviderOptions): MCPProvider {
  const facts: ClientFacts = { discovery: undefined, registered: undefined, refused: undefined }
  const signIns = mcpSignIns(options, facts)
  const { store, key, clock = Date, clientMetadataUrl } = options
  return {
    redirectUrl: options.redirectUri,
    clientMetadata: clientMetadata(options),
    ...(clientMetadataUrl !== undefined && { clientMetadataUrl }),
    ...tokenKeeping(options, facts, signIns),
    state: async () => randomText(),
    saveCodeVerifier: signIns.saveCodeVerifier,
    codeVerifier: signIns.codeVerifier,
    redirectToAuthorization: signIns.redirectToAuthorization,
    finish: signIns.finish,
    clientInformation: () => clientInformation(options, facts),
    saveClientInformation: async (information) => keepRegistration(facts, information),
    async tokens() {
      const record = await store.get(key)
      facts.issuer = record?.issuer
      return record === undefined ? undefined : writeTokens(record, clock.now())
    },
    async saveDiscoveryState(state) {
      facts.discovery = state
    },
    discoveryState: async () => facts.discovery,
  }
}

function clientMetadata({ redirectUri, clientName, scopes }: MCPProviderOptions): MCPProvider['clientMetadata'] {
  return {
    redirect_uris: [redirectUri],
    client_name: clientName,
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    ...(scopes !== undefined && { scope: scopes.join(' ') }),
  }
}
