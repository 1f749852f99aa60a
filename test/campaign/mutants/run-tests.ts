import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { spawnProgram } from '../../runtimes/spawn-program.ts'

/** How a run of tests ended. */
export interface TestRun {
  /** The first test that failed, by its full name. */
  readonly failing?: string
  /** What was wrong with the run itself: then it says nothing of the source. */
  readonly problem?: string
}

/** Where and what to run. */
export interface TestOrder {
  /** The root of a copy of the repository. */
  readonly folder: string
  readonly files: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Milliseconds. */
  readonly limit: number
}

interface Report {
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[]
  }[]
}

const manners = ['--bail=1', '--maxWorkers=1', '--testTimeout=12000']

let runs = 0

/** Runs some tests with Node until one fails, and leaves no process behind. */
export async function runTests({ folder, files, env, limit }: TestOrder): Promise<TestRun> {
  const report = join(folder, `report-${++runs}.json`)
  const vitest = spawnProgram(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', ...manners, '--reporter=json', `--outputFile=${report}`, ...files],
    { cwd: folder, env: { ...process.env, ...env, TMPDIR: folder } },
  )
  const problem = await ended(vitest.child, limit)
  await vitest.end()
  if (!existsSync(report)) return { problem: problem ?? 'it wrote no report' }
  return judged(JSON.parse(readFileSync(report, 'utf8')) as Report, files, problem)
}

function ended(child: ReturnType<typeof spawnProgram>['child'], limit: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(`it did not end within ${limit / 1000} s`), limit)
    const end = (problem: string | undefined): void => {
      clearTimeout(timer)
      resolve(problem)
    }
    child.once('error', () => end('it could not be started'))
    child.once('close', (code, signal) => end(code === 0 ? undefined : `it ended with ${signal ?? code}`))
  })
}

function judged(report: Report, files: readonly string[], problem: string | undefined): TestRun {
  const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults)
  const failing = tests.find(({ status }) => status === 'failed')?.fullName
  if (failing !== undefined) return { failing }
  const unread = report.testResults.find(({ status }) => status === 'failed')
  if (unread !== undefined) return { problem: `${unread.name.split('/').at(-1)} could not be run` }
  if (problem !== undefined) return { problem }
  const missing = files.find((file) => !report.testResults.some(({ name }) => name.endsWith(file)))
  if (missing !== undefined) return { problem: `${missing} did not run` }
  return tests.some(({ status }) => status === 'passed') ? {} : { problem: 'no test ran' }
}
