import type { World } from './world.ts'

/** One option of a command. */
export interface Option {
  readonly type: 'string' | 'boolean'
  /** For the help. */
  readonly about: string
  /** What stands for the value in the help. */
  readonly value?: string
  /** All values there are. */
  readonly values?: readonly string[]
}

/** A command as it was typed. */
export interface Asked {
  /** What stands beside the options. */
  readonly words: readonly string[]
  text(option: string): string | undefined
  flag(option: string): boolean
}

/** Does it, and gives the exit code. */
export type Run = (asked: Asked, world: World) => Promise<number>

/** A row of the table of commands. */
export interface Command {
  readonly about: string
  /** What stands beside the options, for the help. */
  readonly words?: string
  /** How many words at most. @default 1 */
  readonly most?: number
  readonly options?: Readonly<Record<string, Option>>
  /** What completions offer for the first word. */
  readonly offers?: readonly string[]
  /** Loads only what this command needs. */
  readonly load: () => Promise<Run>
}
