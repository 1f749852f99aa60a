import type { GetTokenOptions, Provider, TokenSet } from '../contracts.ts'
import { anthropic } from '../providers/anthropic.ts'
import { fileStore } from '../stores/file.node.ts'
import { authFilePath } from './auth-file-path.ts'
import type { AuthFileOptions } from './load-auth.ts'
import { createNodeClient } from './node-client.ts'
import type { NodeClientOptions } from './node-client.ts'

/** Where the tokens rest, and how good they must be. */
export interface FreshTokenOptions
  extends AuthFileOptions,
    GetTokenOptions,
    Omit<NodeClientOptions, 'provider' | 'store'> {}

/**
 * Gives a good token of `anthropic`. See {@link ensureFreshProviderToken}.
 *
 * @example
 * ```ts
 * const { accessToken } = await ensureFreshToken({ minValidity: 60_000 })
 * ```
 */
export function ensureFreshToken(options: FreshTokenOptions = {}): Promise<TokenSet> {
  return ensureFreshProviderToken(anthropic(), options)
}

/**
 * Gives a token that is good now. One that is about to end is renewed under the file's lock, and saved
 * before it is given; of several programs that ask at once, one asks the server.
 *
 * Errors: `sign_in_required`, `lock_timeout`, and those of any client.
 *
 * @example
 * ```ts
 * const { accessToken } = await ensureFreshProviderToken(openaiCodex())
 * ```
 */
export async function ensureFreshProviderToken(
  provider: Provider,
  { path = authFilePath(), minValidity, forceRefresh, signal, ...options }: FreshTokenOptions = {},
): Promise<TokenSet> {
  const { lockTimeout } = options
  const store = fileStore({ path, ...(lockTimeout !== undefined && { lockTimeout }) })
  const client = createNodeClient({ ...options, provider, store })
  try {
    return await client.getToken({
      ...(minValidity !== undefined && { minValidity }),
      ...(forceRefresh !== undefined && { forceRefresh }),
      ...(signal !== undefined && { signal }),
    })
  } finally {
    client.dispose()
  }
}
