import { relative } from 'node:path'

/** The part of vitest's JSON report that counts. */
export interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly assertionResults: readonly { readonly status: string }[]
  }[]
}

/** What a report comes to. */
export interface Judgement {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  /** What went wrong beside failing tests: each counts as a failure. */
  readonly problems: readonly string[]
}

/**
 * Judges what came of a run in which the `expected` files should have run. `problem` is what was wrong with the run
 * itself, for example that it ended with an error.
 */
export function judge(report: Report | undefined, expected: readonly string[], problem: string | undefined): Judgement {
  if (report === undefined) return { passed: 0, failed: 0, skipped: 0, problems: [problem ?? 'It wrote no report.'] }
  const ran = new Map(report.testResults.map((result) => [relative('.', result.name), result]))
  const problems = expected.flatMap((file) => {
    const result = ran.get(file)
    if (result === undefined) return [`${file} did not run.`]
    const told = result.assertionResults.some(({ status }) => status === 'failed')
    return result.status === 'failed' && !told ? [`${file} could not be run.`] : []
  })
  const failed = report.numFailedTests
  // An unhandled rejection fails no test, but it does fail the run.
  if (problem !== undefined && failed === 0 && problems.length === 0) problems.push(problem)
  return { passed: report.numPassedTests, failed, skipped: report.numPendingTests + report.numTodoTests, problems }
}
