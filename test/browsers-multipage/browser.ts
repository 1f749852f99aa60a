/** A real browser with a fresh profile, and several pages at once. */
export interface Browser {
  newTab(url: string): Promise<Tab>
  /** All pages, also those that a page has opened. */
  tabs(): Promise<readonly Tab[]>
  /** Ends it, and removes the profile. */
  close(): Promise<void>
}

export interface Tab {
  /** Names the page among others of the same browser. */
  readonly id: string
  goto(url: string): Promise<void>
  back(): Promise<void>
  /** Runs the body of an async function in the page. What it returns must be JSON. */
  run<T>(body: string): Promise<T>
  /** As a person would: the page may open windows then. */
  click(selector: string): Promise<void>
  close(): Promise<void>
  /** Stops all of its scripts and timers, as a browser does with a page that was long out of sight; or lets them go on. */
  freeze?(frozen: boolean): Promise<void>
}

/** Asks until the answer is not `undefined`, for at most `ms` milliseconds. */
export async function eventually<T>(ask: () => Promise<T | undefined>, ms = 10_000): Promise<T> {
  const end = performance.now() + ms
  for (;;) {
    // A page that is just being left answers nothing.
    const answer = await ask().catch(() => undefined)
    if (answer !== undefined) return answer
    if (performance.now() > end) throw new Error(`It did not come about within ${ms} ms: ${ask}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
