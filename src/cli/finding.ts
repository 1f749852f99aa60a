/** The fix codes that `doctor` gives: rows of the table of `latchkey/explain`. */
export type DoctorCode =
  | 'network'
  | 'server_error'
  | 'discovery_path'
  | 'issuer_mismatch'
  | 'clock_offset'
  | 'proxy_ignored'
  | 'port_in_use'
  | 'opener_missing'
  | 'store_denied'
  | 'store_corrupt'
  | 'store_open'
  | 'lock_stale'
  | 'cors_missing'
  | 'popup_severed'
  | 'csp_blocks'
  | 'worker_binding'

/** One thing that is wrong. */
export interface Finding {
  readonly fix: DoctorCode
  /** What it is, here. */
  readonly what: string
}
