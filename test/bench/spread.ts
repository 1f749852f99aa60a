/** What many measurements of one thing say. */
export interface Spread {
  readonly median: number
  /** Half of all measurements lie between these two. */
  readonly low: number
  readonly high: number
  readonly n: number
}

export function spreadOf(values: readonly number[], unit = 1): Spread {
  const sorted = values.map((value) => value / unit).toSorted((a, b) => a - b)
  return { median: quantile(sorted, 0.5), low: quantile(sorted, 0.25), high: quantile(sorted, 0.75), n: sorted.length }
}

/** The value that a share of all measurements does not exceed. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
