// npm run campaign:simulator
// LATCHKEY_SEED=… runs that one schedule again and shortens it; LATCHKEY_SCHEDULES=… says how many.

import { campaign, shortest } from './campaign.ts'

const seed = process.env['LATCHKEY_SEED']
const schedules = Number(process.env['LATCHKEY_SCHEDULES'] ?? 100_000)
const firstSeed = Number(process.env['LATCHKEY_FIRST_SEED'] ?? 1)

if (seed === undefined) {
  const startedAt = performance.now()
  const { counts, failures, schedules: run } = await campaign(firstSeed, schedules)
  const seconds = (performance.now() - startedAt) / 1000
  console.log(`${run} schedules from seed ${firstSeed} in ${seconds.toFixed(1)} s`)
  for (const [name, count] of Object.entries(counts).toSorted()) console.log(`${String(count).padStart(9)}  ${name}`)
  for (const failure of failures) console.log(`LATCHKEY_SEED=${failure.seed}  ${failure.defects.join('; ')}`)
  process.exitCode = failures.length === 0 ? 0 : 1
} else {
  const verdict = await shortest(Number(seed))
  console.log(verdict.trace.join('\n'))
  console.log(verdict.defects.length === 0 ? 'No defect.' : `Defects: ${verdict.defects.join('; ')}`)
  process.exitCode = verdict.defects.length === 0 ? 0 : 1
}
