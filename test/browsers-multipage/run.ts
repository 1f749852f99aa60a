// npm run browsers [-- [engine …] [--long]]

import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { endLeftovers } from '../runtimes/end-leftovers.ts'
import { freshFolder } from '../runtimes/fresh-folder.ts'
import { worldVariable } from '../runtimes/global-setup.ts'
import { judge, type Report } from '../runtimes/judge.ts'
import { printTable, type Row } from '../runtimes/print-table.ts'
import { runtimes } from '../runtimes/runtimes.ts'
import { endAllPrograms, spawnProgram } from '../runtimes/spawn-program.ts'
import { startWorld } from '../runtimes/start-world.ts'

const names = ['chromium', 'firefox', 'webkit'] as const
const args = process.argv.slice(2)
const long = args.includes('--long')
const engines = names.filter((name) => args.every((arg) => arg.startsWith('--')) || args.includes(name))
const timeLimit = (long ? 20 : 10) * 60_000
/** By which the browsers are known that a run has left behind. */
const [markVariable, mark] = ['LATCHKEY_TEST_RUN', `${process.pid}-browsers`]
const strict = process.env['CI'] === 'true'

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void stop().finally(() => process.exit(130)))
}

const { world, close } = await startWorld()
const folder = freshFolder()
const rows: Row[] = []
for (const name of engines) rows.push(await row(name))
folder.remove()
await close()
process.exitCode = printTable(rows) ? 0 : 1

async function stop(): Promise<void> {
  await endAllPrograms()
  await endLeftovers(markVariable, mark)
}

async function row(name: (typeof names)[number]): Promise<Row> {
  const runtime = runtimes.find((known) => known.name === name)
  const needs = Object.entries(runtime?.needs ?? {})
  const missing = needs.flatMap(([remedy, isThere]) => (isThere() ? [] : [remedy])).join(', ')
  if (missing !== '') return { name, version: '-', missing, strict }
  return { name, version: runtime?.version() ?? '?', outcome: await run(name), strict }
}

async function run(name: string): Promise<NonNullable<Row['outcome']>> {
  const startedAt = performance.now()
  const report = join(folder.path, `${name}.json`)
  const config = ['--config', 'test/browsers-multipage/vitest.config.ts']
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const vitest = spawnProgram(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...config, ...reporters], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...process.env,
      ENGINE: name,
      ...(long && { LONG: 'yes' }),
      [worldVariable]: JSON.stringify(world),
      TMPDIR: folder.path,
      [markVariable]: mark,
    },
  })
  const problem = await new Promise<string | undefined>((resolve) => {
    setTimeout(() => resolve(`It did not end within ${timeLimit / 1000} s.`), timeLimit).unref()
    vitest.child.once('close', (code, signal) => resolve(code === 0 ? undefined : `It ended with ${signal ?? code}.`))
  })
  await vitest.end()
  await endLeftovers(markVariable, mark)
  const read = existsSync(report) ? (JSON.parse(readFileSync(report, 'utf8')) as Report) : undefined
  // Files that have nothing for this engine are empty, and that is no problem.
  const files = globSync('test/browsers-multipage/*.test.ts')
  return { ...judge(read, files, problem), milliseconds: performance.now() - startedAt, output: '' }
}
