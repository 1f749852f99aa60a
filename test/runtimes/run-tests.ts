import { existsSync, globSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { worldVariable } from './global-setup.ts'
import type { World } from './context.ts'
import { endLeftovers } from './end-leftovers.ts'
import { judge, type Judgement, type Report } from './judge.ts'
import type { RuntimeEntry } from './runtimes.ts'
import { spawnProgram } from './spawn-program.ts'
import { testFiles } from './test-files.ts'

/** What a run came to. */
export interface Outcome extends Judgement {
  readonly milliseconds: number
  readonly output: string
}

export interface RunOptions {
  readonly world: World
  /** As vitest takes them: parts of paths. Empty: all files. */
  readonly files: readonly string[]
  /** Where reports and browser profiles go. The caller removes it. */
  readonly folder: string
  /** Also shows the output while it comes. */
  readonly aloud: boolean
}

const timeLimit = 15 * 60_000
/** Longer than any one file takes, in milliseconds. */
const longestSilence = 5 * 60_000

/** Runs the tests of one runtime, and leaves no process behind. */
export async function runTests(runtime: RuntimeEntry, options: RunOptions): Promise<Outcome> {
  const expected = filesFor(runtime, options.files)
  if (expected.length === 0) {
    const problems = options.files.length === 0 ? ['There are no tests for it.'] : []
    return { passed: 0, failed: 0, skipped: 0, problems, milliseconds: 0, output: '' }
  }
  const startedAt = performance.now()
  const reportPath = join(options.folder, `${runtime.name}.json`)
  let { problem, output } = await execute(runtime, reportPath, options)
  if (problem === wentSilent) {
    // Bun 1.4.5 now and then stands still between two files, all its threads waiting for each other.
    console.log(`${runtime.name}: ${wentSilent} It is started once more.`)
    ;({ problem, output } = await execute(runtime, reportPath, options))
  }
  const milliseconds = performance.now() - startedAt
  const report = existsSync(reportPath) ? (JSON.parse(readFileSync(reportPath, 'utf8')) as Report) : undefined
  return { ...judge(report, expected, problem), milliseconds, output }
}

function filesFor(runtime: RuntimeEntry, filters: readonly string[]): readonly string[] {
  const files = testFiles[runtime.name].flatMap((pattern) => globSync(pattern))
  if (filters.length === 0) return files
  return files.filter((file) => filters.some((filter) => file.includes(relative('.', resolve(filter)))))
}

const wentSilent = `It said nothing for ${longestSilence / 1000} s.`

interface Execution {
  readonly problem?: string
  readonly output: string
}

async function execute(runtime: RuntimeEntry, reportPath: string, options: RunOptions): Promise<Execution> {
  const [program = '', ...args] = runtime.command
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportPath}`]
  const vitest = spawnProgram(program, [...args, ...reporters, ...options.files], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      [worldVariable]: JSON.stringify(options.world),
      TMPDIR: options.folder,
      [markVariable]: mark(runtime),
    },
  })
  let output = ''
  let heardAt = performance.now()
  for (const stream of [vitest.child.stdout, vitest.child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text
      heardAt = performance.now()
      if (options.aloud) process.stdout.write(text)
    })
  }
  const limit = AbortSignal.timeout(timeLimit)
  let listening: NodeJS.Timeout | undefined
  const problem = await new Promise<string | undefined>((resolve) => {
    listening = setInterval(() => {
      if (performance.now() - heardAt > longestSilence) resolve(wentSilent)
    }, 1000)
    limit.addEventListener('abort', () => resolve(`It did not end within ${timeLimit / 1000} s.`))
    vitest.child.once('error', (error) => resolve(`It could not be started: ${error.message}`))
    vitest.child.once('close', (code, signal) => resolve(code === 0 ? undefined : `It ended with ${signal ?? code}.`))
  })
  clearInterval(listening)
  await vitest.end()
  await endTests(runtime)
  if (runtime.uncaught?.test(output)) return { output, problem: 'An error was thrown that nobody caught.' }
  return { output, ...(problem !== undefined && { problem }) }
}

/** Ends what the tests of one runtime may have left running. */
export async function endTests(runtime: RuntimeEntry): Promise<void> {
  await endLeftovers(markVariable, mark(runtime))
}

const markVariable = 'LATCHKEY_TEST_RUN'
const mark = ({ name }: RuntimeEntry): string => `${process.pid}-${name}`
