// npm run size [-- --check] [-- --run] [-- --verbose]

import { parseArgs } from 'node:util'
import { jobs } from './jobs.ts'
import { measure } from './measure.ts'
import type { Measured } from './measure.ts'
import { runSpa } from './run-spa.ts'
import { subpathLimits } from './subpath-limits.ts'
import { weighSubpaths } from './weigh-subpaths.ts'

const { values } = parseArgs({
  options: { check: { type: 'boolean' }, run: { type: 'boolean' }, verbose: { type: 'boolean' } },
})

const kB = (bytes: number): string => `${(bytes / 1000).toFixed(2)} kB`.padStart(10)

function print({ job, chunks, loaded, whole }: Measured): void {
  const within = loaded.gzip <= job.limit ? 'within' : 'OVER'
  const reached = loaded.gzip <= (job.goal ?? Infinity) ? 'reached' : 'NOT reached'
  const goal = job.goal === undefined ? '' : `; the goal of ${kB(job.goal).trim()} is ${reached}`
  console.log(`\n${job.name}: ${kB(loaded.gzip).trim()} gzip, ${within} the limit of ${kB(job.limit).trim()}${goal}`)
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
  if (values.verbose)
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

/** Whether a page loads just the files that were counted. */
async function isCountedRight({ job, chunks }: Measured): Promise<boolean> {
  const { files, requests } = await runSpa(job)
  const counted = chunks.filter(({ loaded }) => loaded).map(({ name }) => name)
  const right = counted.toSorted().join() === files.toSorted().join()
  console.log(`\n${job.name} in Chromium: ${requests.join(', ')}`)
  console.log(right ? 'It loaded the files that are counted, and no other.' : `It loaded ${files.join(', ')}.`)
  return right
}

/** Prints what each subpath weighs, and gives those that weigh more than they may, or that nobody set a limit for. */
async function subpathsOver(): Promise<readonly string[]> {
  console.log(`\n${'each subpath in one file'.padEnd(34)}${'gzip'.padStart(10)}${'limit'.padStart(10)}`)
  const heavy: string[] = []
  for (const { subpath, weight } of await weighSubpaths()) {
    const limit = subpathLimits[subpath] ?? 0
    console.log(`${subpath.padEnd(34)}${kB(weight.gzip)}${kB(limit)}${weight.gzip > limit ? '  OVER' : ''}`)
    if (weight.gzip > limit) heavy.push(subpath)
  }
  return heavy
}

const measured = []
for (const job of jobs) measured.push(await measure(job))
for (const one of measured) print(one)
console.log('\nWhich files a job loads is declared in jobs.ts; --run tries the pages in Chromium.')
let wrong = false
if (values.run) {
  for (const one of measured) if (one.job.platform === 'browser' && !(await isCountedRight(one))) wrong = true
}
const overJobs = measured.filter(({ job, loaded }) => loaded.gzip > job.limit).map(({ job }) => job.name)
const over = [...overJobs, ...(await subpathsOver())]
if (over.length > 0) console.log(`Over the limit: ${over.join(', ')}`)
if (wrong || (values.check && over.length > 0)) process.exitCode = 1
