import { styleText } from 'node:util'
import type { BenchRow, BenchTable, Budget } from './part.ts'
import type { Spread } from './spread.ts'

/** One table as Markdown, which a terminal shows as well as a page. */
export function tableText(table: BenchTable): string {
  const { title, rows, budgets, notes = [] } = table
  const points = [...notes.map((note) => `- ${note}`), ...budgets.map(budgetText)]
  const parts = [`### ${title}`, rows.length > 0 ? rowsText(table) : '', points.join('\n')]
  return parts.filter((part) => part !== '').join('\n\n')
}

/** Prints one table, with colours where somebody can see them. */
export function printTable(table: BenchTable): void {
  const text = tableText(table)
    .replaceAll(/^- holds:/gm, `- ${styleText('green', 'holds')}:`)
    .replaceAll(/^- BROKEN:/gm, `- ${styleText('red', 'BROKEN')}:`)
  console.log(`\n${text}`)
}

function budgetText({ what, measured, holds }: Budget): string {
  return `- ${holds ? 'holds' : 'BROKEN'}: ${what}: ${measured}`
}

interface Column {
  readonly head: string
  readonly cell: (row: BenchRow) => string
}

function rowsText(table: BenchTable): string {
  const columns = columnsOf(table)
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [
    line(columns.map(({ head }) => head)),
    line(columns.map((_, index) => (index === 0 ? '---' : '---:'))),
    ...table.rows.map((row) => line(columns.map(({ cell }) => cell(row)))),
  ].join('\n')
}

function columnsOf({ unit, reference, rows }: BenchTable): readonly Column[] {
  // What was looked at once, such as a size, has none.
  const spread = rows.some(({ took }) => took.n > 1)
  const half = 'half of all'
  const columns: Column[] = [
    { head: '', cell: ({ name }) => name },
    { head: spread ? `median ${unit}` : unit, cell: ({ took }) => number(took.median) },
  ]
  if (spread)
    columns.push({ head: half, cell: ({ took }) => range(took) }, { head: 'n', cell: ({ took }) => `${took.n}` })
  if (reference !== undefined) {
    columns.push({ head: `× ${reference}`, cell: ({ ratio }) => (ratio === undefined ? '1' : number(ratio.median)) })
    if (spread) columns.push({ head: half, cell: ({ ratio }) => (ratio === undefined ? '' : range(ratio)) })
  }
  const best = bestPeer(rows)
  if (best !== undefined) {
    columns.push({ head: '× the best peer', cell: ({ took }) => number(took.median / best.took.median) })
  }
  return columns
}

/** The fastest of the others. Their rows name their versions. */
function bestPeer(rows: readonly BenchRow[]): BenchRow | undefined {
  const peers = rows.filter(({ name }) => /@\d+\.\d+\.\d+/.test(name))
  return peers.toSorted((a, b) => a.took.median - b.took.median)[0]
}

function range({ low, high }: Spread): string {
  return `${number(low)}–${number(high)}`
}

/** Three digits: more were noise. */
function number(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3)
}
