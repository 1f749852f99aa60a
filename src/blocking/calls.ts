import type { MessagePort } from 'node:worker_threads'
import type { Callback } from '../client/client.ts'
import type { StoredRecord, TokenSet } from '../contracts.ts'
import type { OAuthErrorCode } from '../errors.ts'
import type { FreshTokenOptions } from '../node/ensure-fresh-token.ts'
import type { CodeExchange } from '../node/exchange-code-for-tokens.ts'
import type { AuthFileOptions } from '../node/load-auth.ts'
import type { LoginOptions, LoginResult } from '../node/login.ts'
import type { OAuthData, OAuthFlow } from '../node/oauth-client.ts'
import type { RefreshTokenRequest } from '../node/refresh-token.ts'
import type { SaveAuthOptions } from '../node/save-auth.ts'
import type { NodeSignInOptions } from '../node/sign-in-options.ts'
import type { CallbackServerOptions } from '../redirects/loopback.node.ts'

/** What cannot travel to another thread. */
type Stays = 'fetch' | 'clock' | 'clientAuth' | 'signal' | 'store' | 'transactions' | 'onEvent' | 'accept'

/** The part of some options that is plain data. */
export type Plain<T> = Omit<T, Stays | symbol>

/** {@link LoginOptions} without what cannot travel: the answer comes back by a loopback port. */
export interface BlockingLoginOptions extends Pick<LoginOptions, 'path' | 'provider'> {
  readonly client?: Plain<NonNullable<LoginOptions['client']>>
  readonly signIn?: Pick<
    NodeSignInOptions,
    'port' | 'scopes' | 'resource' | 'authorizationParams' | 'timeout' | 'page'
  > & {
    /** Whether the person's browser is opened; the address is printed in any case. @default true */
    readonly openBrowser?: boolean
  }
}

/** A callback server of the other thread. */
export interface ServerHandle {
  readonly id: number
  readonly redirectUri: string
  readonly port: number
}

/** Everything that can be asked of the other thread. */
export interface Calls {
  exchangeCode(config: OAuthData, callback: Callback, flow: OAuthFlow): Promise<TokenSet>
  createApiKey(config: OAuthData, tokens: string | TokenSet): Promise<string>
  renew(config: OAuthData, tokens: string | TokenSet): Promise<TokenSet>
  exchangeCodeForTokens(request: Plain<CodeExchange>): Promise<TokenSet>
  refreshToken(request: Plain<RefreshTokenRequest>): Promise<TokenSet>
  loadAuth(options: AuthFileOptions): Promise<Readonly<Record<string, StoredRecord>>>
  loadProviderAuth(slot: string, options: AuthFileOptions): Promise<StoredRecord | undefined>
  saveProviderAuth(slot: string, record: StoredRecord, options: SaveAuthOptions): Promise<void>
  ensureFreshProviderToken(options: Plain<FreshTokenOptions> & Pick<RefreshTokenRequest, 'provider'>): Promise<TokenSet>
  login(options: BlockingLoginOptions & Pick<RefreshTokenRequest, 'provider'>): Promise<LoginResult>
  openBrowser(url: string): Promise<boolean>
  startCallbackServer(options: Plain<CallbackServerOptions>): Promise<ServerHandle>
  awaitCallback(id: number): Promise<string>
  endCallback(id: number, outcome: 'signed-in' | 'failed'): Promise<void>
}

/** One call on its way. */
export interface Question {
  readonly name: keyof Calls
  readonly args: readonly unknown[]
  readonly port: MessagePort
  /** Becomes 1 when the answer is in the port. */
  readonly flag: Int32Array
}

/** What came of a call. Errors cannot travel as they are. */
export type Reply =
  | { readonly value: unknown }
  | { readonly failure: { readonly code: OAuthErrorCode; readonly detail: object } }
  | { readonly mistake: string }
