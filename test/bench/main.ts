// npm run bench [-- hot-path token-endpoint …] [-- --short] [-- --check]
// What this costs beside the peers, the bare platform and floors written by hand, paired in one run.

import { cpus, loadavg } from 'node:os'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { hotPath } from './hot-path.ts'
import type { BenchPart, Budget } from './part.ts'
import { signInStart } from './sign-in-start.ts'
import { tokenEndpoint } from './token-endpoint.ts'
import { printTable } from './report.ts'

const parts: Readonly<Record<string, BenchPart>> = {
  'hot-path': hotPath,
  'sign-in-start': signInStart,
  'token-endpoint': tokenEndpoint,
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { short: { type: 'boolean', default: false }, check: { type: 'boolean', default: false } },
})
const unknown = positionals.filter((name) => !Object.hasOwn(parts, name))
if (unknown.length > 0) {
  console.error(`There is no part ${unknown.join(', ')}. There are ${Object.keys(parts).join(', ')}.`)
  process.exit(2)
}

const [load = 0] = loadavg()
console.log(
  `${values.short ? 'Short' : 'Long'} form, Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? '?'}, load ${load.toFixed(1)}`,
)
const broken: Budget[] = []
for (const [name, part] of Object.entries(parts)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue
  const began = performance.now()
  for (const table of await part(values)) {
    printTable(table)
    broken.push(...table.budgets.filter(({ holds }) => !holds))
  }
  console.log(`\n(${name}: ${((performance.now() - began) / 1000).toFixed(1)} s)`)
}
console.log(broken.length === 0 ? '\nEvery budget holds.' : `\n${broken.length} budgets are broken:`)
for (const { what, measured } of broken) console.log(`- ${what}: ${measured}`)
process.exit(values.check && broken.length > 0 ? 1 : 0)
