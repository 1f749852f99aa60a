import type { TokenSet, TokenSource } from '../../contracts.ts'

/** A good token, and not `refused`: where nobody has renewed that one yet, the server is asked. */
export async function otherToken(source: TokenSource, refused: string | undefined): Promise<TokenSet> {
  const tokens = await source.getToken()
  return tokens.accessToken === refused ? source.getToken({ forceRefresh: true }) : tokens
}
