// npm run campaign:simulator
// LATCHKEY_SEED=… runs that one schedule again and shortens it; LATCHKEY_SCHEDULES=… says how many.
// With --plant, faults are planted in the lifecycle, and each must be noticed.

import { campaign, shortest } from './campaign.ts'
import { plantAll } from './plant.ts'

const seed = process.env['LATCHKEY_SEED']
const schedules = process.env['LATCHKEY_SCHEDULES']
const firstSeed = Number(process.env['LATCHKEY_FIRST_SEED'] ?? 1)

// Schedules make errors by the thousand, and nobody looks where they come from.
Error.stackTraceLimit = 0

if (process.argv.includes('--plant')) process.exitCode = await planted()
else process.exitCode = seed === undefined ? await many() : await one(Number(seed))

async function planted(): Promise<number> {
  return (await plantAll(Number(schedules ?? 3000))) === 0 ? 0 : 1
}

async function many(): Promise<number> {
  const startedAt = performance.now()
  const { counts, failures, schedules: run } = await campaign(firstSeed, Number(schedules ?? 100_000))
  const seconds = (performance.now() - startedAt) / 1000
  console.log(`${run} schedules from seed ${firstSeed} in ${seconds.toFixed(1)} s`)
  for (const [name, count] of Object.entries(counts).toSorted()) console.log(`${String(count).padStart(9)}  ${name}`)
  for (const failure of failures) console.log(`LATCHKEY_SEED=${failure.seed}  ${failure.defects.join('; ')}`)
  return failures.length === 0 ? 0 : 1
}

async function one(from: number): Promise<number> {
  const { trace, defects } = await shortest(from)
  console.log(trace.join('\n'))
  console.log(defects.length === 0 ? 'No defect.' : `Defects: ${defects.join('; ')}`)
  return defects.length === 0 ? 0 : 1
}
