// npm run bench [-- hot-path token-endpoint …] [-- --short] [-- --check] [-- --write]
// What this costs beside the peers, the bare platform and floors written by hand, paired in one run.

import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { allocation } from './allocation.ts'
import { bound } from './bound.ts'
import { callers } from './callers.ts'
import { fillReadme } from '../package/fill-readme.ts'
import { edge } from './edge.ts'
import { files } from './file-store.ts'
import { growth } from './growth.ts'
import { hotPath } from './hot-path.ts'
import { imports } from './import-cost.ts'
import { installPeers } from './install-peers.ts'
import { page } from './page.ts'
import { pagePeers } from './page-peers.ts'
import type { BenchPart, Budget } from './part.ts'
import { printTable } from './report.ts'
import { recordResults } from './results.ts'
import type { PartResult } from './results.ts'
import { signInStart } from './sign-in-start.ts'
import { size } from './size.ts'
import { tabs } from './tabs.ts'
import { tokenEndpoint } from './token-endpoint.ts'

const parts: Readonly<Record<string, BenchPart>> = {
  'hot-path': hotPath,
  page,
  'page-peers': pagePeers,
  bound,
  allocation,
  callers,
  'sign-in-start': signInStart,
  'token-endpoint': tokenEndpoint,
  tabs,
  files,
  imports,
  edge,
  growth,
  size,
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    short: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})
const unknown = positionals.filter((name) => !Object.hasOwn(parts, name))
if (unknown.length > 0) {
  console.error(`There is no part ${unknown.join(', ')}. There are ${Object.keys(parts).join(', ')}.`)
  process.exit(2)
}

installPeers()
const [load = 0] = loadavg()
const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'a processor without a name'}, load ${load.toFixed(1)}`
console.log(`${values.short ? 'Short' : 'Long'} form, Node ${process.version}, ${machine}`)
const broken: Budget[] = []
const results: PartResult[] = []
for (const [name, part] of Object.entries(parts)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue
  const began = performance.now()
  const tables = await part(values)
  for (const table of tables) {
    printTable(table)
    broken.push(...table.budgets.filter(({ holds }) => !holds))
  }
  const form = values.short ? 'short' : 'long'
  results.push({ part: name, on: new Date().toISOString().slice(0, 10), form, node: process.version, machine, tables })
  console.log(`\n(${name}: ${((performance.now() - began) / 1000).toFixed(1)} s)`)
}
console.log(broken.length === 0 ? '\nEvery budget that was looked at holds.' : `\nBroken budgets, ${broken.length}:`)
for (const { what, measured } of broken) console.log(`- ${what}: ${measured}`)
if (values.write) {
  recordResults(results, Object.keys(parts))
  writeFileSync('README.md', fillReadme(readFileSync('README.md', 'utf8')))
}
process.exit(values.check && broken.length > 0 ? 1 : 0)
