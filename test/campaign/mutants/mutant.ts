/** A fault: one place in the source, and what stands there instead. */
export interface Fault {
  /** What the client then does, in words. */
  readonly name: string
  /** Text that the file holds exactly once. */
  readonly find: string
  readonly replace: string
  /** The tests that must notice it, where they are not those of the file. */
  readonly tests?: readonly string[]
  /** Too slow for the short form. */
  readonly slow?: boolean
}

/** A fault in its place. */
export interface Mutant extends Fault {
  readonly file: string
  readonly tests: readonly string[]
}

/** The faults of one file, and the tests that must notice them. */
export function inFile(file: string, tests: readonly string[], faults: readonly Fault[]): readonly Mutant[] {
  return faults.map((fault) => ({ tests, ...fault, file }))
}
