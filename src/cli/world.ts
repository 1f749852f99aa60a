import type { Writable } from 'node:stream'
import type { LineInput } from '../node/index.ts'

/** A stream that may be a terminal. */
export type Screen = Writable & { readonly isTTY?: boolean }

/** What a command may touch, as arguments. */
export interface World {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly platform: string
  readonly input: LineInput
  /** What was asked for, and nothing else. */
  readonly out: Screen
  /** Everything that is said to a person. */
  readonly err: Screen
  /** Aborts with Ctrl-C; its reason is the exit code. */
  readonly signal: AbortSignal
}

/** How long a command waits while others have a file, in milliseconds. */
export const lockTimeout = 30_000

/** Whether this is a machine's work, with nobody to answer a question. */
export function isUnattended({ env }: World): boolean {
  return !['', '0', 'false'].includes(env['CI'] ?? '')
}

/** Whether somebody can be asked. */
export function mayAsk(world: World): boolean {
  return world.input.isTTY === true && world.err.isTTY === true && !isUnattended(world)
}

/** Writes a line for a person. */
export function say({ err }: World, line: string): void {
  err.write(`${line}\n`)
}

/** Writes a line that was asked for. */
export function print({ out }: World, line: string): void {
  out.write(`${line}\n`)
}
