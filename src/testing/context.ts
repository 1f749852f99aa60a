import type { Ledger } from './ledger.ts'
import type { OpenEntry } from './history.ts'
import type { EndpointName } from './options.ts'
import type { Settings } from './settings.ts'
import type { SigningKeys } from './signing-keys.ts'
import type { Tamper } from './tamper.ts'
import type { TestClock } from './test-clock.ts'
import type { ProofNonces } from './proof-nonces.ts'

/** What every endpoint works with. */
export interface Context {
  readonly settings: Settings
  readonly clock: TestClock
  readonly ledger: Ledger
  readonly keys: SigningKeys
  readonly nonces: ProofNonces
  readonly tamper: Tamper
}

/** One request in hand. */
export interface Call {
  readonly endpoint: EndpointName
  readonly request: Request
  readonly url: URL
  /** The form's fields of a POST, the query's of anything else. */
  readonly params: URLSearchParams
  readonly bodyLength: number
  /** What the history shall know. */
  readonly entry: OpenEntry
}

/** Answers one endpoint's requests. */
export type Endpoint = (context: Context, call: Call) => Response | Promise<Response>
