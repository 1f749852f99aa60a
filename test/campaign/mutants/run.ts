// npm run mutants [-- --short] [-- --day=N] [-- part of a name]
// Plants one fault after the other in a copy of the repository, and says which test notices it.
// The short form looks whether all faults can still be planted, and plants eight of them, each day others.

import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { freshFolder } from '../../runtimes/fresh-folder.ts'
import { worldVariable } from '../../runtimes/global-setup.ts'
import { startWorld } from '../../runtimes/start-world.ts'
import { allMutants } from './all-mutants.ts'
import type { Mutant } from './mutant.ts'
import { runTests } from './run-tests.ts'
import { misfit, openWorkbench } from './workbench.ts'
import type { Workbench } from './workbench.ts'

/** What became of one mutant. */
interface Row {
  readonly mutant: Mutant
  readonly verdict: 'caught' | 'applies' | 'SURVIVED' | 'NO LONGER APPLIES' | 'NOT JUDGED'
  readonly told: string
}

const words = process.argv.slice(2)
const short = words.includes('--short')
const day = Number(words.find((word) => word.startsWith('--day='))?.slice(6) ?? Math.floor(Date.now() / 86_400_000))
const part = words.filter((word) => !word.startsWith('--')).join(' ')
const began = performance.now()

const named = allMutants.filter(({ name, file }) => `${file}: ${name}`.includes(part))
const twice = allMutants.find(({ name }, index) => allMutants.findIndex((other) => other.name === name) !== index)
if (twice !== undefined) throw new Error(`Two mutants are called "${twice.name}".`)

const rows: Row[] = []
const judged = new Map<string, Promise<string | undefined>>()
const planted: Mutant[] = []
for (const mutant of named) {
  const why = await misfit(mutant)
  if (why === undefined) planted.push(mutant)
  else tell({ mutant, verdict: 'NO LONGER APPLIES', told: why })
}
const chosen = short ? ofTheDay(planted) : planted
for (const mutant of planted) if (!chosen.includes(mutant)) rows.push({ mutant, verdict: 'applies', told: '' })

const { world, close } = await startWorld()
const { path, remove } = freshFolder()
// Some tests let another user run what is in it.
await chmod(path, 0o755)
const env = { [worldVariable]: JSON.stringify(world) }
try {
  const line = chosen.values()
  await Promise.all(['1', '2'].map(async (name) => work(await openWorkbench(join(path, name)), line)))
} finally {
  remove()
  await close()
}
process.exitCode = printTable() ? 0 : 1
process.exit()

/** Eight of them from all over, other ones each day, all of them in turn. */
function ofTheDay(mutants: readonly Mutant[]): readonly Mutant[] {
  const quick = mutants.filter(({ slow }) => slow !== true)
  const stride = Math.ceil(quick.length / 8)
  return quick.filter((_, index) => index % stride === day % stride)
}

/** What fails in a file of tests without any fault: then nothing that it notices means anything. */
function unsoundness(folder: string, file: string): Promise<string | undefined> {
  const known = judged.get(file)
  if (known !== undefined) return known
  const look = async (): Promise<string | undefined> => {
    const { failing, problem } = await runTests({ folder, files: [file], env, limit: 300_000 })
    return failing ?? problem
  }
  // A machine under load gets a second chance.
  const asked = look().then((why) => why && look())
  judged.set(file, asked)
  return asked
}

/** Takes the next mutant until there is none. The benches share the line. */
async function work(bench: Workbench, line: Iterable<Mutant>): Promise<void> {
  for (const mutant of line) tell(await judge(bench, mutant))
}

async function judge(bench: Workbench, mutant: Mutant): Promise<Row> {
  const { folder } = bench
  for (const file of mutant.tests) {
    const why = await unsoundness(folder, file)
    if (why !== undefined) return { mutant, verdict: 'NOT JUDGED', told: `without it fails: ${why}` }
  }
  const run = await bench.withFault(mutant, () => runTests({ folder, files: mutant.tests, env, limit: 180_000 }))
  if (run.failing !== undefined) return { mutant, verdict: 'caught', told: run.failing }
  if (run.problem !== undefined) return { mutant, verdict: 'NOT JUDGED', told: run.problem }
  return { mutant, verdict: 'SURVIVED', told: mutant.tests.join(' ') }
}

function tell(row: Row): void {
  rows.push(row)
  console.log(`${row.verdict}  ${row.mutant.file}: ${row.mutant.name}  (${row.told})`)
}

function printTable(): boolean {
  const shown = rows.filter(({ verdict }) => verdict !== 'applies')
  const width = Math.max(0, ...shown.map(({ mutant }) => mutant.name.length))
  console.log()
  for (const { name, file } of named) {
    const row = shown.find(({ mutant }) => mutant.name === name)
    if (row !== undefined) console.log(`${name.padEnd(width)}  ${row.verdict}  ${row.told}  [${file}]`)
  }
  const count = (...verdicts: readonly Row['verdict'][]): number =>
    rows.filter(({ verdict }) => verdicts.includes(verdict)).length
  const seconds = ((performance.now() - began) / 1000).toFixed(0)
  console.log(`\n${count('caught')} caught, ${count('applies')} only looked up (day ${day}), ${seconds} s`)
  const passed = count('caught', 'applies')
  const failed = rows.length - passed
  console.log(`${passed} passed, ${failed} failed, 0 skipped`)
  return failed === 0 && passed > 0
}
