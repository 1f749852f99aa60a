import type { Outcome } from './run-tests.ts'

/** One runtime's line. */
export interface Row {
  readonly name: string
  readonly version: string
  /** Absent when the runtime is not installed. */
  readonly outcome?: Outcome
  /** The command that installs it. */
  readonly missing?: string
  /** Nothing may be skipped. */
  readonly strict: boolean
}

interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** Prints what came of it all, the sum on the last line. Gives whether all is well. */
export function printTable(rows: readonly Row[]): boolean {
  const lines = rows.map((row) => {
    const { passed, failed, skipped } = count(row)
    const seconds = row.outcome === undefined ? '-' : `${(row.outcome.milliseconds / 1000).toFixed(1)} s`
    return [row.name, row.version, ...[passed, failed, skipped].map(String), seconds, remark(row)]
  })
  console.log(`\n${align([['runtime', 'version', 'passed', 'failed', 'skipped', 'time', ''], ...lines])}\n`)
  const total = rows.map(count).reduce(add, { passed: 0, failed: 0, skipped: 0 })
  const nothingRan = total.passed + total.failed === 0
  if (nothingRan) console.log('No test ran.')
  const skippedInCI = rows.some(({ strict }) => strict) && total.skipped > 0
  if (skippedInCI) console.log('With CI=true nothing may be skipped.')
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
  return total.failed === 0 && !nothingRan && !skippedInCI
}

// A runtime that is not installed is one thing skipped, or with CI=true one failure.
function count({ outcome, strict }: Row): Counts {
  if (outcome === undefined) return { passed: 0, failed: strict ? 1 : 0, skipped: strict ? 0 : 1 }
  return { passed: outcome.passed, failed: outcome.failed + outcome.problems.length, skipped: outcome.skipped }
}

const add = (one: Counts, other: Counts): Counts => ({
  passed: one.passed + other.passed,
  failed: one.failed + other.failed,
  skipped: one.skipped + other.skipped,
})

function remark({ missing, outcome }: Row): string {
  if (missing !== undefined) return `not installed: ${missing}`
  return outcome?.problems.join(' ') ?? ''
}

function align(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
