// npm run test:sdk: do the real packages, as they are typed and as they run, take what latchkey/sdk gives them?

import { spawnSync } from 'node:child_process'
import { globSync, readFileSync, rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { judge } from '../runtimes/judge.ts'
import type { Report } from '../runtimes/judge.ts'
import { stageExamples } from './stage-examples.ts'

const reportFile = resolve('test/sdk/.tmp/report.json')

stageExamples()
rmSync(reportFile, { force: true })

const types = start('node_modules/typescript/bin/tsc', '-p', 'test/sdk/tsconfig.json')
console.log(types === undefined ? 'The types fit.' : `The types do not fit. ${types}`)

const tests = start(
  'node_modules/vitest/vitest.mjs',
  'run',
  '--config=test/sdk/vitest.config.ts',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${reportFile}`,
)
const { passed, failed, skipped, problems } = judge(readReport(), globSync('test/sdk/*.test.ts'), tests)
for (const problem of problems) console.error(problem)

const wrong = failed + problems.length + (types === undefined ? 0 : 1)
process.exitCode = wrong === 0 ? 0 : 1
console.log(`${passed + (types === undefined ? 1 : 0)} passed, ${wrong} failed, ${skipped} skipped`)

/** Runs a program to its end, and says what was wrong with that. */
function start(...args: readonly string[]): string | undefined {
  const { status, error } = spawnSync(process.execPath, args, { stdio: 'inherit', timeout: 540_000 })
  if (error !== undefined) return `It did not end: ${error.message}`
  return status === 0 ? undefined : `It ended with ${status}.`
}

function readReport(): Report | undefined {
  try {
    return JSON.parse(readFileSync(reportFile, 'utf8')) as Report
  } catch {
    return undefined
  }
}
