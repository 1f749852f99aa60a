import type { StoredRecord, TokenSet } from '../../contracts.ts'
import type { MCPTokens } from './mcp-shapes.ts'

/** A record as MCP's SDK wants to see it. */
export function writeTokens({ tokens, issuer }: StoredRecord, now: number): MCPTokens {
  const { accessToken, tokenType, refreshToken, idToken, expiresAt, scopes } = tokens
  return {
    access_token: accessToken,
    token_type: tokenType,
    ...(refreshToken !== undefined && { refresh_token: refreshToken }),
    ...(idToken !== undefined && { id_token: idToken }),
    ...(expiresAt !== undefined && { expires_in: Math.max(0, Math.floor((expiresAt - now) / 1000)) }),
    ...(scopes !== undefined && { scope: scopes.join(' ') }),
    ...(issuer !== undefined && { issuer }),
  }
}

/** The other way round. The type of token is Bearer: this provider makes no proofs. */
export function readTokens(tokens: MCPTokens, now: number): TokenSet {
  const { access_token, refresh_token, id_token, expires_in, scope } = tokens
  return {
    accessToken: access_token,
    tokenType: 'Bearer',
    obtainedAt: now,
    ...(refresh_token !== undefined && { refreshToken: refresh_token }),
    ...(id_token !== undefined && { idToken: id_token }),
    ...(expires_in !== undefined && Number.isFinite(expires_in) && { expiresAt: now + expires_in * 1000 }),
    ...(scope !== undefined && { scopes: scope.split(' ').filter((one) => one !== '') }),
  }
}
