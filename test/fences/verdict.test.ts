import { afterEach, describe, expect, it, vi } from 'vitest'
import { judge, type Report } from '../runtimes/judge.ts'
import type { Outcome } from '../runtimes/run-tests.ts'
import { printTable, type Row } from '../runtimes/print-table.ts'

const file = 'test/suites/a.test.ts'

function report(statuses: readonly string[], fileStatus = 'passed'): Report {
  const count = (status: string): number => statuses.filter((one) => one === status).length
  return {
    numPassedTests: count('passed'),
    numFailedTests: count('failed'),
    numPendingTests: count('pending'),
    numTodoTests: count('todo'),
    testResults: [{ name: file, status: fileStatus, assertionResults: statuses.map((status) => ({ status })) }],
  }
}

describe('the verdict on a run', () => {
  it('counts what passed, failed and was skipped', () => {
    const given = report(['passed', 'passed', 'failed', 'pending', 'todo'], 'failed')
    expect(judge(given, [file], 'It ended with 1.')).toEqual({ passed: 2, failed: 1, skipped: 2, problems: [] })
  })

  it('names a file that did not run', () => {
    const { problems } = judge(report(['passed']), [file, 'test/suites/b.test.ts'], undefined)
    expect(problems).toEqual(['test/suites/b.test.ts did not run.'])
  })

  it('names a file that could not be run', () => {
    expect(judge(report([], 'failed'), [file], 'It ended with 1.').problems).toEqual([`${file} could not be run.`])
  })

  it('names the error that no test had', () => {
    expect(judge(report(['passed']), [file], 'It ended with 1.').problems).toEqual(['It ended with 1.'])
  })

  it('names what kept the report from being written', () => {
    expect(judge(undefined, [file], 'It did not end.').problems).toEqual(['It did not end.'])
    expect(judge(undefined, [file], undefined).problems).toEqual(['It wrote no report.'])
  })
})

describe('the verdict on all runs', () => {
  afterEach(() => vi.restoreAllMocks())

  function verdict(...rows: readonly Partial<Row>[]): { readonly good: boolean; readonly lastLine: unknown } {
    const log = vi.spyOn(console, 'log').mockReturnValue()
    const good = printTable(rows.map((row) => ({ name: 'node', version: '1', strict: false, ...row })))
    return { good, lastLine: log.mock.lastCall?.[0] }
  }

  const outcome = (passed: number, failed: number, skipped: number, problems: readonly string[] = []): Outcome => {
    return { passed, failed, skipped, problems, milliseconds: 1, output: '' }
  }

  it('sums all runtimes on the last line', () => {
    const sum = verdict({ outcome: outcome(3, 0, 1) }, { outcome: outcome(4, 0, 0) })
    expect(sum).toEqual({ good: true, lastLine: '7 passed, 0 failed, 1 skipped' })
  })

  it('is bad when a test failed, and when anything else did', () => {
    expect(verdict({ outcome: outcome(3, 1, 0) })).toEqual({ good: false, lastLine: '3 passed, 1 failed, 0 skipped' })
    expect(verdict({ outcome: outcome(3, 0, 0, ['Oh.']) })).toMatchObject({
      good: false,
      lastLine: '3 passed, 1 failed, 0 skipped',
    })
  })

  it('is bad when nothing ran', () => {
    expect(verdict({ outcome: outcome(0, 0, 0) }).good).toBe(false)
  })

  it('passes over a runtime that is not installed, save in CI', () => {
    const ran = { outcome: outcome(1, 0, 0) }
    const missing = { missing: 'apt-get install it' }
    expect(verdict(ran, missing)).toEqual({ good: true, lastLine: '1 passed, 0 failed, 1 skipped' })
    expect(verdict(ran, { ...missing, strict: true })).toEqual({
      good: false,
      lastLine: '1 passed, 1 failed, 0 skipped',
    })
  })

  it('is bad when CI skips a test', () => {
    expect(verdict({ outcome: outcome(1, 0, 1), strict: true }).good).toBe(false)
  })
})
