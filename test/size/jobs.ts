/** A program that somebody would write, and what it may weigh. */
export interface Job {
  readonly name: string
  /** Its file in `jobs/`. */
  readonly file: string
  readonly platform: 'browser' | 'neutral' | 'node'
  /**
   * Source files behind an `import()` that the job really asks for when it runs. Every other one is listed, and not
   * counted. None where its author's bundler makes one file of everything, which is counted whole.
   */
  readonly loads?: readonly string[]
  /** The most that all it loads may weigh, minified and each file compressed by gzip -9, in bytes. */
  readonly limit: number
  /** What it shall come down to. */
  readonly goal?: number
}

/** The jobs, and the one table of budgets. A limit is what was reached; it goes up for the mending of a defect only. */
export const jobs: readonly Job[] = [
  { name: 'SPA', file: 'spa.ts', platform: 'browser', loads: [], limit: 34_850, goal: 10_500 },
  {
    name: 'SPA, OpenID Connect',
    file: 'spa-oidc.ts',
    platform: 'browser',
    loads: ['src/core/optional.ts'],
    limit: 43_250,
  },
  { name: 'Worker BFF', file: 'worker.ts', platform: 'neutral', limit: 63_150 },
  { name: 'script', file: 'script.ts', platform: 'node', loads: [], limit: 44_150 },
]
