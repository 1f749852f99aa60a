import { readFileSync, writeFileSync } from 'node:fs'
import type { BenchTable } from './part.ts'
import { tableText } from './report.ts'

/** What was found when a part was last measured for the record. */
export interface PartResult {
  readonly part: string
  /** The day, as `2026-11-22`. */
  readonly on: string
  readonly form: 'short' | 'long'
  readonly node: string
  readonly machine: string
  readonly tables: readonly BenchTable[]
}

/** A line for each part. */
const place = new URL('results.jsonl', import.meta.url)

export function readResults(): readonly PartResult[] {
  const lines = readFileSync(place, 'utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as PartResult)
}

/** Puts what was measured in the place of what was known of the same parts. `order` names all parts there are. */
export function recordResults(measured: readonly PartResult[], order: readonly string[]): readonly PartResult[] {
  const known = [...readResults(), ...measured]
  const results = order.flatMap((name) => known.findLast(({ part }) => part === name) ?? [])
  writeFileSync(place, results.map((result) => `${JSON.stringify(result)}\n`).join(''))
  writeFileSync(new URL('results.md', import.meta.url), resultsPage(results))
  return results
}

/** Everything that was found, as a page. */
export function resultsPage(results: readonly PartResult[]): string {
  const parts = results.map((result) =>
    [`## ${result.part}`, circumstances(result), ...result.tables.map(tableText)].join('\n\n'),
  )
  const head = `# What was measured

Written by \`npm run bench -- --write\`. A ratio is the median of the quotients of neighbouring measurements in one run;
"half of all" are the quartiles. Absolute times depend on the machine and on what else it did; ratios do much less.`
  return `${[head, ...parts].join('\n\n')}\n`
}

/** Every budget and what was measured, as a table for the README. */
export function budgetsTable(results: readonly PartResult[]): string {
  const when = new Set(results.map(circumstances))
  const rows = results.flatMap(({ tables }) =>
    tables.flatMap(({ title, budgets }) =>
      budgets.map(({ what, measured, holds }) => `| ${title} | ${what} | ${measured} | ${holds ? 'yes' : '**no**'} |`),
    ),
  )
  return [...when, '', '| | what shall hold | measured | holds |', '| --- | --- | ---: | --- |', ...rows, ''].join('\n')
}

/** What one account costs in each store, by how many there are, as a table for the README. In milliseconds. */
export function growthTable(results: readonly PartResult[]): string {
  const { tables = [] } = results.find(({ part }) => part === 'growth') ?? {}
  const cells = tables.flatMap(({ title, rows }) =>
    rows.map(({ name, took }) => {
      const [, what = '', size = ''] = /^(.*), (\d+) accounts$/.exec(name) ?? []
      return {
        line: `\`${title.replace('Growth of ', '')}\` | ${what}`,
        size,
        took: (took.median / 1000).toPrecision(2),
      }
    }),
  )
  if (cells.length === 0) return ''
  const sizes = [...new Set(cells.map(({ size }) => size))]
  const lines = [...new Set(cells.map(({ line }) => line))]
  const rows = lines.map((line) => {
    const times = sizes.map((size) => Number(cells.find((cell) => cell.size === size && cell.line === line)?.took))
    return `| ${line} | ${times.join(' | ')} |`
  })
  const head = `| | | ${sizes.map((size) => `${size} accounts`).join(' | ')} |`
  return [head, `| --- | --- |${' ---: |'.repeat(sizes.length)}`, ...rows, ''].join('\n')
}

function circumstances({ on, form, node, machine }: PartResult): string {
  return `Measured on ${on}, ${form} form, Node ${node}, ${machine}.`
}
