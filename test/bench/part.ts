import type { Spread } from './spread.ts'

/** What one thing took, and how that compares with what it is measured beside in the same run. */
export interface BenchRow {
  readonly name: string
  readonly took: Spread
  /** Quotients of neighbouring measurements, not of two medians: what the machine did meanwhile it did to both. */
  readonly ratio?: Spread
}

/** What must hold. */
export interface Budget {
  readonly what: string
  readonly measured: string
  readonly holds: boolean
}

/** One table of the report. */
export interface BenchTable {
  readonly title: string
  readonly unit: 'ns' | 'µs' | 'ms' | 'bytes' | 'MiB'
  /** What the ratios are to. */
  readonly reference?: string
  readonly rows: readonly BenchRow[]
  readonly budgets: readonly Budget[]
  /** What else was counted, and what is not there and why. */
  readonly notes?: readonly string[]
}

export interface BenchOptions {
  /** A form that is over within four minutes, all parts together. */
  readonly short: boolean
}

export type BenchPart = (options: BenchOptions) => Promise<readonly BenchTable[]>

/** A budget for how many times as long something may take as something else. */
export function atMost(limit: number, row: BenchRow | undefined, beside: string): Budget {
  const measured = row?.ratio?.median ?? Number.NaN
  return {
    what: `${row?.name ?? 'what was to be measured'} takes at most ${limit} × ${beside}`,
    measured: `${measured.toFixed(2)} ×`,
    holds: measured <= limit,
  }
}

/** A budget for how much of what something else gets done in a time must be done in it. */
export function atLeast(limit: number, row: BenchRow | undefined, beside: string): Budget {
  const measured = 1 / (row?.ratio?.median ?? Number.NaN)
  return {
    what: `${row?.name ?? 'what was to be measured'}: throughput is at least ${limit} × ${beside}`,
    measured: `${measured.toFixed(2)} ×`,
    holds: measured >= limit,
  }
}

/** The rows of races of many things at once, for one of them each. */
export function each(rows: readonly BenchRow[], count: number): readonly BenchRow[] {
  return rows.map((row) => {
    const { median, low, high, n } = row.took
    return { ...row, took: { median: median / count, low: low / count, high: high / count, n } }
  })
}
