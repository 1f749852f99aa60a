/** One thing that must be so, and what was measured. */
export interface EdgeRow {
  readonly what: string
  readonly measured: string
  readonly holds: boolean
}

/** How a part shall be run. */
export interface PartOptions {
  /** The form that every test run can afford. */
  readonly short: boolean
}

/** One part of the edge's measurements. */
export type EdgePart = (options: PartOptions) => Promise<readonly EdgeRow[]>
