import type { Fetch, TokenSource } from '../../contracts.ts'

/** The part of a client that calls an API: any client of this package has it. */
export interface CallingClient extends TokenSource {
  readonly fetch: Fetch
}
