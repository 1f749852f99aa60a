import { styleText } from 'node:util'
import type { BenchTable, Budget } from './part.ts'
import type { Spread } from './spread.ts'

/** Prints one table as Markdown, which a terminal shows as well as a page. */
export function printTable({ title, unit, reference, rows, budgets, notes = [] }: BenchTable): void {
  console.log(`\n### ${title}\n`)
  if (rows.length > 0) {
    const beside = reference === undefined ? '' : ` × ${reference} |`
    console.log(`| | median ${unit} | half of all | n |${beside}${beside && ' half of all |'}`)
    console.log(`| --- | ---: | ---: | ---: |${beside && ' ---: | ---: |'}`)
  }
  for (const { name, took, ratio } of rows) {
    const beside = ratio === undefined ? ' 1 | |' : ` ${number(ratio.median)} | ${range(ratio)} |`
    console.log(
      `| ${name} | ${number(took.median)} | ${range(took)} | ${took.n} |${reference === undefined ? '' : beside}`,
    )
  }
  if (notes.length + budgets.length > 0) console.log('')
  for (const note of notes) console.log(`- ${note}`)
  for (const budget of budgets) printBudget(budget)
}

function printBudget({ what, measured, holds }: Budget): void {
  console.log(`- ${holds ? styleText('green', 'holds') : styleText('red', 'BROKEN')}: ${what}: ${measured}`)
}

function range({ low, high }: Spread): string {
  return `${number(low)}–${number(high)}`
}

/** Three digits: more were noise. */
function number(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3)
}
