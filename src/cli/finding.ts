import type { SetUpCode } from '../explain/index.ts'

/** The fix codes that `doctor` gives: rows of the table of `latchkey/explain`. */
export type DoctorCode =
  | SetUpCode
  | 'network'
  | 'server_error'
  | 'issuer_mismatch'
  | 'port_in_use'
  | 'store_denied'
  | 'store_corrupt'

/** One thing that is wrong. */
export interface Finding {
  readonly fix: DoctorCode
  /** What it is, here. */
  readonly what: string
}
