import type { Fetch, TokenSet } from '../../src/index.ts'

/**
 * The least that is safe, written by hand for one origin and one kind of call: is the token still good,
 * is this the right origin, was it refused.
 */
export function floorFetch(fetch: Fetch, origin: string, tokens: TokenSet & { readonly expiresAt: number }): Fetch {
  const prefix = `${origin}/`
  return async (input, init) => {
    if (tokens.expiresAt - Date.now() < 30_000) throw new Error('The token has ended.')
    if (typeof input !== 'string' || !input.startsWith(prefix)) throw new Error('Not this origin.')
    const headers = { ...(init?.headers as Record<string, string>), authorization: `Bearer ${tokens.accessToken}` }
    const response = await fetch(input, { ...init, headers })
    if (response.status === 401) throw new Error('The token was refused.')
    return response
  }
}
