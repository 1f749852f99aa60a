import type { TokenSet } from '../../contracts.ts'
import { OAuthError } from '../../errors.ts'

/** Refuses tokens that are of no use without a proof, which the consumer cannot make. */
export function bearer(tokens: TokenSet): TokenSet {
  if (tokens.tokenType === 'Bearer') return tokens
  throw new OAuthError('unsupported', { what: 'DPoP tokens in an SDK that sends them by itself. Use client.fetch.' })
}
