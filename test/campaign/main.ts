// npm run campaign [-- --short] [-- C-03 C-04] [-- --seed=7]
// Real processes on real files against a real server on loopback, with faults. See each case for its pass line.

import { rm } from 'node:fs/promises'
import process from 'node:process'
import { allCases, type Case } from './cases/all-cases.ts'
import { bundlePrograms, createLab, type Programs } from './rig/lab.ts'
import { printRow, printTable, type Row } from './rig/report.ts'
import { within } from './rig/start-process.ts'

const words = process.argv.slice(2)
const long = !words.includes('--short')
const seed = Number(words.find((word) => word.startsWith('--seed='))?.slice(7) ?? Date.now() % 1_000_000)
const wanted = words.filter((word) => !word.startsWith('--'))
const unknown = wanted.filter((id) => !allCases.some((candidate) => candidate.id === id))

if (unknown.length > 0) {
  console.log(`There is no case ${unknown.join(', ')}. There are ${allCases.map(({ id }) => id).join(' ')}.`)
  process.exitCode = 1
} else {
  console.log(`${long ? 'Long' : 'Short'} form, --seed=${seed}, ${process.version}`)
  const programs = await bundlePrograms()
  try {
    const cases = allCases.filter(({ id }) => wanted.length === 0 || wanted.includes(id))
    // Cases that mostly wait do so beside the others.
    const [others, beside] = await Promise.all([
      inTurn(
        programs,
        cases.filter((one) => one.beside !== true),
      ),
      Promise.all(cases.filter((one) => one.beside === true).map((one) => attempt(programs, one))),
    ])
    const rows = [...others, ...beside.flat()].toSorted((a, b) => a.id.localeCompare(b.id))
    process.exitCode = printTable(rows, process.env['CI'] === 'true') ? 0 : 1
  } finally {
    await rm(programs.folder, { recursive: true, force: true })
  }
  process.exit()
}

async function inTurn(programs: Programs, cases: readonly Case[]): Promise<Row[]> {
  const rows: Row[] = []
  for (const one of cases) rows.push(...(await attempt(programs, one)))
  return rows
}

async function attempt(programs: Programs, one: Case): Promise<Row[]> {
  const lab = createLab(programs, { long, seed })
  const began = performance.now()
  let rows: readonly Row[]
  try {
    rows = await within(one.run(lab), long ? 2_400_000 : 150_000, one.id)
  } catch (error) {
    console.log(error)
    const [text = ''] = String(error).split('\n')
    rows = [{ id: one.id, n: '-', line: 'the case runs', measured: text.slice(0, 200), verdict: 'FAIL' }]
  } finally {
    await lab.end()
  }
  for (const row of rows) printRow(row, (performance.now() - began) / 1000)
  return [...rows]
}
