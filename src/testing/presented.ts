import type { RegisteredClient } from './options.ts'

/** Who presents a grant. */
export interface Presented {
  readonly client: RegisteredClient
  /** Thumbprint of the key of the DPoP proof. */
  readonly jkt: string | undefined
}
