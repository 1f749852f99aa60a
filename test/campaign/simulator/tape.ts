/** Where every decision of a schedule comes from: the same tape gives the same schedule. */
export interface Tape {
  /** A whole number from 0 to `choices - 1`. */
  pick(choices: number): number
  /** Whether something happens that happens with this probability. */
  chance(probability: number): boolean
  /** What was drawn so far. */
  readonly drawn: readonly number[]
}

const range = 2 ** 32

/** A tape of any length from a seed (mulberry32). */
export function seededTape(seed: number): Tape {
  let state = seed >>> 0
  return tapeFrom(() => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  })
}

/** A tape that was drawn before. Past its end everything is 0: the first choice, and nothing goes wrong. */
export function recordedTape(values: readonly number[]): Tape {
  let next = 0
  return tapeFrom(() => values[next++] ?? 0)
}

function tapeFrom(draw: () => number): Tape {
  const drawn: number[] = []
  const take = (): number => {
    const value = draw()
    drawn.push(value)
    return value
  }
  return {
    drawn,
    pick: (choices) => Math.floor((take() / range) * choices),
    chance: (probability) => take() / range > 1 - probability,
  }
}

/** Looks for a shorter and tamer tape that still fails. */
export async function shrink(
  values: readonly number[],
  fails: (tape: Tape) => Promise<boolean>,
  attempts = 400,
): Promise<readonly number[]> {
  let best = values
  let left = attempts
  const improves = async (candidate: readonly number[]): Promise<boolean> => {
    if (left-- <= 0 || !(await fails(recordedTape(candidate)))) return false
    best = candidate
    return true
  }
  for (let size = Math.ceil(best.length / 2); size >= 1 && left > 0; size = Math.floor(size / 2)) {
    for (let from = 0; from < best.length && left > 0; ) {
      const cut = [...best.slice(0, from), ...best.slice(from + size)]
      if (await improves(cut)) continue
      const calm = best.map((value, index) => (index >= from && index < from + size ? 0 : value))
      if (calm.some((value, index) => value !== best[index])) await improves(calm)
      from += size
    }
  }
  return best
}
