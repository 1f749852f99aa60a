import type { AuthorizationServerOptions } from './options.ts'
import type { Json } from './tamper.ts'

/** A provider whose shapes the server can take. */
export type ProviderName = 'anthropic' | 'openai-codex' | 'openai-chatgpt' | 'github'

/** An error as the server behind the shape means it. */
export interface PlainError {
  readonly status: number
  readonly error: string
  readonly description: string
}

/** How one provider differs from the RFCs on the wire. */
export interface ProviderShape {
  /** The server behind it: where its endpoints stand, who may ask, how tokens live. */
  server(origin: string): AuthorizationServerOptions
  /** Why the person would be shown an error page; the text of that page. */
  refuseAuthorization?(params: URLSearchParams, anyPort: boolean): string | undefined
  /** Whether ID tokens name the provider's own account. */
  readonly namesAccount?: true
  /** Whether the callback brings a client id of the installation's own. */
  readonly issuesClientId?: true
  /** Whether the token and revocation endpoints also take JSON. */
  readonly json: boolean
  /** Fields a token request must have besides those of the RFCs, by grant; the status and body if one is missing. */
  readonly required?: Readonly<Record<string, readonly string[]>>
  readonly missing?: { readonly status: number; readonly body: Json }
  /** The server's token, as this provider writes it. */
  write(token: string, facts: TokenFacts): string
  /** The other way round. */
  read(token: string): string
  /** What a token answer holds besides. */
  answer?(facts: TokenFacts): Json
  /** Claims of an ID token. */
  claims?(claims: Json): Json
  /** An error of the token endpoint as this provider words it. */
  refusal?(error: PlainError): { readonly status: number; readonly body: Json } | undefined
}

/** What is known of the tokens that are being answered. */
export interface TokenFacts {
  readonly kind: 'access' | 'refresh'
  readonly subject: string
  readonly email: string
  /** The provider's own account; `''`: this person has none. */
  readonly accountId: string
  readonly clientId: string
  readonly origin: string
  /** What was granted, as the server behind writes it. */
  readonly scope?: string
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly expiresIn: number
}
