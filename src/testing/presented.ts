import type { RegisteredClient } from './options.ts'

/** Who presents a grant. */
export interface Presented {
  readonly client: RegisteredClient
  /** Thumbprint of the key of the DPoP proof. */
  readonly jkt: string | undefined
  /** The code challenge that the code verifier belongs to (RFC 7636, section 4.6). */
  readonly challenge: string
}
