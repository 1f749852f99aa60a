/** What one case, or one part of it, showed. */
export interface Row {
  readonly id: string
  /** How many of what was tried. */
  readonly n: string
  /** What must hold. */
  readonly line: string
  readonly measured: string
  /** `baseline`: how others do, for comparison. */
  readonly verdict: 'pass' | 'FAIL' | 'skipped' | 'baseline'
}

/** Prints one row as soon as it is known. */
export function printRow(row: Row, seconds: number): void {
  console.log(`${row.id}  ${row.verdict}  n=${row.n}  ${row.measured}  (${seconds.toFixed(1)} s)`)
}

/** Prints everything, the sum on the last line. Gives whether every pass line was met. */
export function printTable(rows: readonly Row[], strict: boolean): boolean {
  const cells = [
    ['case', 'n', 'pass line', 'measured', 'verdict'],
    ...rows.map(({ id, n, line, measured, verdict }) => [id, n, line, measured, verdict]),
  ]
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...cells.map((cell) => cell[column]?.length ?? 0)))
  console.log()
  for (const cell of cells) {
    console.log(
      cell
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
  }
  const count = (verdict: Row['verdict']): number => rows.filter((row) => row.verdict === verdict).length
  const [passed, failed, skipped] = [count('pass'), count('FAIL'), count('skipped')]
  console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`)
  return failed === 0 && passed > 0 && !(strict && skipped > 0)
}

/** A row whose verdict follows from `passed`. */
export function row(id: string, n: string | number, line: string, measured: string, passed: boolean): Row {
  return { id, n: String(n), line, measured, verdict: passed ? 'pass' : 'FAIL' }
}
