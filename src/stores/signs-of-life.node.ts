/** Signs of life that a holder gives until it ends. */
export interface SignsOfLife {
  /** No more signs. Gives for how long there may have been none, in milliseconds, by the clock that knows more. */
  end(): number
}

/** How often a holder gives a sign of life. Some versions of Pi take a lock for dead after 10 s. */
export const heartbeat = 2_000

interface Life {
  /** Gives a sign; says whether to go on. */
  readonly sign: () => boolean
  last: Instant
}

interface Instant {
  readonly steady: number
  readonly wall: number
}

const lives = new Set<Life>()
let timer: ReturnType<typeof setInterval> | undefined

/**
 * Lets `sign` be called with each heartbeat, until it says that there is nothing left to keep alive, or the
 * end. One timer for all, which outlasts a short life: most are over before the first beat. Keeps no process alive.
 */
export function signsOfLife(sign: () => boolean): SignsOfLife {
  const life: Life = { sign, last: now() }
  lives.add(life)
  timer ??= begin()
  return {
    end: () => {
      lives.delete(life)
      return since(life.last)
    },
  }
}

/** What has passed since an instant. One of the clocks stands still while the machine sleeps; the other can be set. */
export function since({ steady, wall }: Instant): number {
  return Math.max(performance.now() - steady, Math.abs(Date.now() - wall))
}

export function now(): Instant {
  return { steady: performance.now(), wall: Date.now() }
}

function begin(): ReturnType<typeof setInterval> {
  const interval = setInterval(() => {
    for (const life of lives) beat(life)
    if (lives.size > 0) return
    clearInterval(interval)
    timer = undefined
  }, heartbeat)
  interval.unref()
  return interval
}

function beat(life: Life): void {
  const instant = now()
  try {
    if (life.sign()) life.last = instant
    else lives.delete(life)
  } catch {
    // A disk that fails now may be well at the next beat.
  }
}
