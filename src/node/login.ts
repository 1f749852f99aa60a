import type { SignInResult } from '../client/client.ts'
import type { Provider, TokenSet } from '../contracts.ts'
import { anthropic } from '../providers/anthropic.ts'
import { openaiCodex } from '../providers/openai.ts'
import { fileStore } from '../stores/file.node.ts'
import { authFilePath } from './auth-file-path.ts'
import type { AuthFileOptions } from './load-auth.ts'
import { createNodeClient } from './node-client.ts'
import type { NodeClientOptions } from './node-client.ts'
import type { OAuthMode } from './oauth-client.ts'
import type { NodeSignInOptions } from './sign-in-options.ts'

/** How a person signs in, and where the tokens are saved. */
export interface LoginOptions extends AuthFileOptions {
  /** @default the one the function is named after */
  readonly provider?: Provider
  /** How the answer comes back, what is printed, … */
  readonly signIn?: NodeSignInOptions
  /** Options of the client. */
  readonly client?: Omit<NodeClientOptions, 'provider' | 'store'>
}

/** Whom a sign-in brought, and the tokens. `saved` says whether the file holds them. */
export interface LoginResult extends SignInResult {
  readonly tokens: TokenSet
}

/**
 * Signs in with Anthropic by the person's browser, saves the tokens, and gives them.
 *
 * `mode: 'max'` signs in with a Claude plan; read at `anthropic` whose permission that needs.
 *
 * Errors: those of `signIn` of a client.
 *
 * @example
 * ```ts
 * const { tokens, account } = await login()
 * ```
 */
export function login({ mode, ...options }: LoginOptions & { readonly mode?: OAuthMode } = {}): Promise<LoginResult> {
  return loginWith(options.provider ?? anthropic(mode === undefined ? {} : { mode }), options)
}

/**
 * The same with Codex: the answer comes back to port 1455, else 1457. A person without an account keeps
 * the tokens all the same.
 *
 * @example
 * ```ts
 * const { tokens } = await loginOpenAICodex()
 * ```
 */
export function loginOpenAICodex(options: LoginOptions = {}): Promise<LoginResult> {
  return loginWith(options.provider ?? openaiCodex(), options)
}

async function loginWith(provider: Provider, options: LoginOptions): Promise<LoginResult> {
  const { path = authFilePath(), signIn = {}, client: more = {} } = options
  const client = createNodeClient({ ...more, provider, store: fileStore({ path }) })
  try {
    const result = await client.signIn(signIn)
    return { ...result, tokens: await client.getToken() }
  } finally {
    client.dispose()
  }
}
