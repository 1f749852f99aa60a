import { createSession } from '../../../src/lifecycle/session.ts'
import type { Counts } from './judge.ts'
import { runSchedule } from './run-schedule.ts'
import type { Lifecycle, Verdict } from './simulate.ts'
import { recordedTape, seededTape, shrink } from './tape.ts'

/** What a campaign came to. */
export interface Campaign {
  readonly schedules: number
  readonly counts: Counts
  readonly failures: readonly Failure[]
}

export interface Failure {
  readonly seed: number
  readonly defects: readonly string[]
}

/** How many failing schedules end a campaign. */
const enough = 5

export const real: Lifecycle = { createSession }

/** Runs schedules from consecutive seeds, until too many have failed. */
export async function campaign(firstSeed: number, schedules: number, lifecycle: Lifecycle = real): Promise<Campaign> {
  const counts: Counts = {}
  const failures: Failure[] = []
  let run = 0
  for (; run < schedules && failures.length < enough; run++) {
    const seed = firstSeed + run
    const verdict = await runSchedule(seededTape(seed), lifecycle)
    for (const [name, count] of Object.entries(verdict.counts)) counts[name] = (counts[name] ?? 0) + count
    if (verdict.defects.length > 0) failures.push({ seed, defects: verdict.defects })
  }
  return { schedules: run, counts, failures }
}

/** The shortest schedule found that fails like the one of this seed. */
export async function shortest(seed: number, lifecycle: Lifecycle = real): Promise<Verdict> {
  const tape = seededTape(seed)
  const { defects } = await runSchedule(tape, lifecycle)
  const [wanted] = defects
  const values = await shrink(tape.drawn, async (candidate) => {
    const verdict = await runSchedule(candidate, lifecycle)
    return wanted !== undefined && verdict.defects.includes(wanted)
  })
  return runSchedule(recordedTape(values), lifecycle)
}
