import { randomSecret } from './random.ts'

/** Who asks for a nonce: the authorization server or the API, each with its own (RFC 9449, section 9). */
export type NonceIssuer = 'server' | 'api'

/** The nonces that DPoP proofs must carry. */
export interface ProofNonces {
  /** What to send along with an answer; `undefined` where nonces are off. */
  offer(issuer: NonceIssuer): string | undefined
  /** Whether a proof may carry this one. One that is good for a single proof is used up by asking. */
  accept(issuer: NonceIssuer, nonce: unknown): boolean
  /** Makes every nonce so far void. */
  rotate(): void
}

/** Gives nonces: none, one that stays until it is rotated, or a new one for each proof. */
export function createProofNonces(mode: 'off' | 'stable' | 'per-request'): ProofNonces {
  const good = { server: new Set<string>(), api: new Set<string>() }
  return {
    offer(issuer) {
      if (mode === 'off') return undefined
      const [standing] = good[issuer]
      if (mode === 'stable' && standing !== undefined) return standing
      const nonce = randomSecret('nonce')
      good[issuer].add(nonce)
      return nonce
    },
    accept(issuer, nonce) {
      if (mode === 'off') return true
      if (typeof nonce !== 'string') return false
      return mode === 'per-request' ? good[issuer].delete(nonce) : good[issuer].has(nonce)
    },
    rotate() {
      good.server.clear()
      good.api.clear()
    },
  }
}
