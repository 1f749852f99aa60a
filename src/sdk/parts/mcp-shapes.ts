import type { Clock, Store, TransactionStore } from '../../contracts.ts'

/** Tokens as MCP's SDK passes them: the wire's own names, and who issued them. */
export interface MCPTokens {
  access_token: string
  token_type: string
  refresh_token?: string | undefined
  id_token?: string | undefined
  /** In seconds, from now. */
  expires_in?: number | undefined
  scope?: string | undefined
  issuer?: string | undefined
}

/** Who the application is to one authorization server. */
export interface MCPClientInformation {
  client_id: string
  client_secret?: string | undefined
  token_endpoint_auth_method?: string | undefined
  issuer?: string | undefined
}

/** What MCP's SDK found out about the server. It holds more than is named here, and is kept whole. */
export interface MCPDiscovery {
  authorizationServerUrl: string
}

/** What the application tells an authorization server about itself (RFC 7591). */
export interface MCPClientMetadata {
  redirect_uris: string[]
  client_name: string
  grant_types: string[]
  response_types: string[]
  token_endpoint_auth_method: 'none'
  scope?: string
}

/** What {@link createMCPProvider} needs to know. */
export interface MCPProviderOptions {
  /** Where the tokens rest, under `key`: one key for each MCP server. */
  readonly store: Store
  readonly key: string
  /** Where a sign-in waits for its callback: must survive what the person's way there does not. */
  readonly transactions: TransactionStore
  readonly redirectUri: string
  /** The application's name, as the person will read it. */
  readonly clientName: string
  /** Sends the person to this address. */
  readonly redirect: (url: URL) => void | Promise<void>
  /** A public client id that the server knows. @default one is registered (RFC 7591) */
  readonly clientId?: string
  /** An https address that describes the application, for servers that take it as client id. */
  readonly clientMetadataUrl?: string
  /** @default what the server says it needs */
  readonly scopes?: readonly string[]
  /** @default real time */
  readonly clock?: Pick<Clock, 'now'>
}

/** What MCP's SDK may declare invalid. */
export type MCPCredentials = 'all' | 'client' | 'tokens' | 'verifier' | 'discovery'

/** The `OAuthClientProvider` of `@modelcontextprotocol/sdk` 1.x and `@modelcontextprotocol/client` 2.x, and `finish`. */
export interface MCPProvider {
  readonly redirectUrl: string
  readonly clientMetadata: MCPClientMetadata
  readonly clientMetadataUrl?: string
  state(): Promise<string>
  clientInformation(): Promise<MCPClientInformation | undefined>
  saveClientInformation(information: MCPClientInformation): Promise<void>
  tokens(): Promise<MCPTokens | undefined>
  saveTokens(tokens: MCPTokens): Promise<void>
  redirectToAuthorization(url: URL): Promise<void>
  saveCodeVerifier(codeVerifier: string): Promise<void>
  codeVerifier(): Promise<string>
  addClientAuthentication(headers: Headers, params: URLSearchParams): Promise<void>
  invalidateCredentials(scope: MCPCredentials): Promise<void>
  saveDiscoveryState(state: MCPDiscovery): Promise<void>
  discoveryState(): Promise<MCPDiscovery | undefined>
  /**
   * Ends a sign-in: checks the callback's state, then its issuer, then its error or code, and lets
   * `exchange` hand its parameters to the transport. Any number may be under way at once.
   *
   * Errors: `invalid_callback`, `state_mismatch`, `transaction_expired`, `issuer_mismatch`,
   * `access_denied`, `authorization_failed`, and what `exchange` throws.
   */
  finish<Result>(
    callback: URL | URLSearchParams | string,
    exchange: (params: URLSearchParams) => Promise<Result>,
  ): Promise<Result>
}
