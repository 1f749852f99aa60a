// npm run size [-- --check] [-- --verbose]

import { parseArgs } from 'node:util'
import { jobs } from './jobs.ts'
import { measure } from './measure.ts'
import type { Measured } from './measure.ts'

const { check = false, verbose = false } = parseArgs({
  options: { check: { type: 'boolean' }, verbose: { type: 'boolean' } },
}).values

const kB = (bytes: number): string => `${(bytes / 1000).toFixed(2)} kB`.padStart(10)

function print({ job, chunks, loaded, whole }: Measured): void {
  const within = loaded.gzip <= job.budget ? 'within' : 'OVER'
  console.log(`\n${job.name}: ${kB(loaded.gzip).trim()} gzip, ${within} the budget of ${kB(job.budget).trim()}`)
  console.log(`${''.padEnd(34)}${['minified', 'gzip', 'brotli'].map((name) => name.padStart(10)).join('')}`)
  row('loaded when the job runs', loaded)
  for (const chunk of chunks) {
    if (chunk.loaded) row(`  ${chunk.name}${chunk.lazy.length > 0 ? ` (${chunk.lazy.join(', ')})` : ''}`, chunk)
  }
  row('one file with everything in it', whole)
  const lazy = chunks.filter((chunk) => !chunk.loaded)
  if (lazy.length > 0) console.log('loaded only when asked for, and not counted above:')
  for (const chunk of lazy) row(`  ${chunk.lazy.join(', ')}`, chunk)
  table(`by room, bytes of what is loaded`, group(chunks, room))
  if (verbose)
    table(
      'by file',
      group(chunks, (source) => source),
    )
}

function row(name: string, { minified, gzip, brotli }: Measured['loaded']): void {
  console.log(`${name.padEnd(34)}${kB(minified)}${kB(gzip)}${kB(brotli)}`)
}

/** A package, or a room of the house. */
function room(source: string): string {
  return /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1] ?? source.split('/').slice(0, 2).join('/')
}

function group(chunks: Measured['chunks'], nameOf: (source: string) => string): ReadonlyMap<string, number> {
  const sums = new Map<string, number>()
  for (const { inputs, loaded } of chunks) {
    if (!loaded) continue
    for (const [source, bytes] of Object.entries(inputs)) {
      sums.set(nameOf(source), (sums.get(nameOf(source)) ?? 0) + bytes)
    }
  }
  return sums
}

function table(title: string, sums: ReadonlyMap<string, number>): void {
  console.log(`${title}:`)
  for (const [name, bytes] of [...sums].toSorted(([, a], [, b]) => b - a)) {
    if (bytes > 0) console.log(`  ${String(bytes).padStart(7)}  ${name}`)
  }
}

const measured = []
for (const job of jobs) measured.push(await measure(job))
for (const one of measured) print(one)
const over = measured.filter(({ job, loaded }) => loaded.gzip > job.budget)
if (over.length > 0) console.log(`\nOver budget: ${over.map(({ job }) => job.name).join(', ')}`)
if (check && over.length > 0) process.exitCode = 1
