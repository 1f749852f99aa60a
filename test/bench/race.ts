import type { BenchRow } from './part.ts'
import { spreadOf } from './spread.ts'

/** Something to be measured beside others. */
export interface Racer {
  readonly name: string
  readonly run: () => unknown
}

/** How long a race takes. */
export interface RaceOptions {
  readonly rounds: number
  /** How long one batch shall take, in milliseconds. A short one is seldom interrupted. */
  readonly batch: number
  /** How long each racer runs before it is measured, in milliseconds: what counts is what it is like at length. */
  readonly warmUp: number
  /** In which the results are told: 1 is milliseconds. */
  readonly unit: number
}

export const nanoseconds = 1e-6
export const microseconds = 1e-3

/**
 * Measures each racer in short batches, in each round all of them in an order of its own.
 *
 * The first racer is what the others' ratios are to: of two batches of the same round each. Knows Web
 * APIs only, so that a page can race too.
 */
export async function race(
  racers: readonly Racer[],
  { rounds, batch, warmUp, unit }: RaceOptions,
): Promise<BenchRow[]> {
  const lanes: Lane[] = []
  for (const racer of racers) lanes.push({ racer, times: await batchSize(racer, batch, warmUp), laps: [] })
  for (let round = 0; round < rounds; round++) {
    for (const lane of shuffled(lanes)) lane.laps.push((await lap(lane.racer, lane.times)) / lane.times)
  }
  const reference = lanes[0]?.laps ?? []
  return lanes.map(({ racer, laps }, index) => ({
    name: racer.name,
    took: spreadOf(laps, unit),
    ...(index > 0 && { ratio: spreadOf(laps.map((took, round) => took / (reference[round] ?? Number.NaN))) }),
  }))
}

interface Lane {
  readonly racer: Racer
  readonly times: number
  readonly laps: number[]
}

/** How long `times` runs take, one after the other, in milliseconds. */
async function lap({ run }: Racer, times: number): Promise<number> {
  const began = performance.now()
  for (let time = 0; time < times; time++) await run()
  return performance.now() - began
}

async function batchSize(racer: Racer, batch: number, warmUp: number): Promise<number> {
  const end = performance.now() + warmUp
  let best = Infinity
  let times = 1
  while (performance.now() < end || best === Infinity) {
    const took = await lap(racer, times)
    // Clocks of pages are coarse: what is much shorter than a batch may seem to take no time.
    if (took < batch / 2) times *= 2
    else best = Math.min(best, took / times)
  }
  return Math.max(1, Math.round(batch / best))
}

function shuffled<T>(items: readonly T[]): readonly T[] {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ item }) => item)
}
