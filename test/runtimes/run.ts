// npm test [-- [runtime …] [-- part-of-path …]]

import { chmodSync } from 'node:fs'
import { freshFolder } from './fresh-folder.ts'
import { printTable, type Row } from './print-table.ts'
import { type RuntimeEntry, runtimes } from './runtimes.ts'
import { endTests, type RunOptions, runTests } from './run-tests.ts'
import { endAllPrograms } from './spawn-program.ts'
import { startWorld } from './start-world.ts'

const strict = process.env['CI'] === 'true'
// One at a time in CI: what is measured there is the library, not how two runtimes share two cores.
const atOnce = strict ? 1 : 2

const { chosen, files } = readArguments(process.argv.slice(2))
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void stop().finally(() => process.exit(130)))
}

const { world, close } = await startWorld()
const folder = freshFolder()
// A temporary folder as any other: tests may start programs as other users.
chmodSync(folder.path, 0o1777)
const rows = await runAll(chosen, { world, files, folder: folder.path, aloud: chosen.length === 1 })
folder.remove()
await close()
process.exitCode = printTable(rows) ? 0 : 1

async function stop(): Promise<void> {
  await endAllPrograms()
  await Promise.all(chosen.map(endTests))
}

function readArguments(args: readonly string[]): { chosen: readonly RuntimeEntry[]; files: readonly string[] } {
  const split = args.includes('--') ? args.indexOf('--') : args.length
  const names = args.slice(0, split)
  const unknown = names.filter((name) => !runtimes.some((runtime) => runtime.name === name))
  if (unknown.length > 0) {
    const known = runtimes.map(({ name }) => name).join(', ')
    console.error(`No runtime is called ${unknown.join(', ')}. There are ${known}; parts of paths follow after "--".`)
    process.exit(2)
  }
  const chosen = names.length === 0 ? runtimes : runtimes.filter(({ name }) => names.includes(name))
  return { chosen, files: args.slice(split + 1) }
}

async function runAll(chosen: readonly RuntimeEntry[], options: RunOptions): Promise<readonly Row[]> {
  const waiting = [...chosen]
  const rows: Row[] = []
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const row = await runOne(next, options)
      rows.push(row)
      if (row.outcome !== undefined) report(row, row.outcome, options.aloud)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return rows
}

async function runOne(runtime: RuntimeEntry, options: RunOptions): Promise<Row> {
  const missing = Object.entries(runtime.needs).flatMap(([remedy, isThere]) => (isThere() ? [] : [remedy]))
  const { name } = runtime
  if (missing.length === 0)
    return { name, version: runtime.version(), outcome: await runTests(runtime, options), strict }
  return { name, version: '-', missing: missing.join(', '), strict }
}

function report({ name }: Row, outcome: NonNullable<Row['outcome']>, aloud: boolean): void {
  const bad = outcome.failed + outcome.problems.length
  console.log(`${name}: ${bad === 0 ? 'passed' : 'failed'} after ${(outcome.milliseconds / 1000).toFixed(1)} s`)
  if (bad === 0) return
  if (!aloud) console.log(outcome.output)
  for (const problem of outcome.problems) console.log(`${name}: ${problem}`)
}
