import type { Racer } from './race.ts'
import { quantile } from './spread.ts'

/** Racers whose every run is noted, for what a median does not say. Only where a run takes many microseconds. */
export function timed(racers: readonly Racer[]): {
  readonly racers: readonly Racer[]
  /** What 99 of 100 runs do not exceed, a line each. */
  tails(): readonly string[]
} {
  const lanes = racers.map(({ name, run }) => {
    const laps: number[] = []
    const noted = async (): Promise<void> => {
      const began = performance.now()
      await run()
      laps.push(performance.now() - began)
    }
    return { name, laps, run: noted }
  })
  return {
    racers: lanes,
    tails: () =>
      lanes.map(({ name, laps }) => {
        const sorted = laps.toSorted((a, b) => a - b)
        return `${name}: p50 ${quantile(sorted, 0.5).toFixed(2)} ms, p99 ${quantile(sorted, 0.99).toFixed(2)} ms`
      }),
  }
}
