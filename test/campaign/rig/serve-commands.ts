import process from 'node:process'
import { createInterface } from 'node:readline'
import { isOAuthError } from '../../../src/errors.ts'

/** What a process can be asked to do, by name. */
export type Commands = Readonly<Record<string, (argument: never) => unknown>>

/** A command on its way to a process. */
export interface Order {
  readonly id: number
  readonly command: string
  readonly argument: unknown
}

/** What came of it. */
export type Reply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly code: string; readonly text: string; readonly holder?: string }

/** Writes one line of JSON to whoever started this process. */
export function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

/** Does what the lines of standard input say, several things at once, until that ends. */
export function serveCommands(commands: Commands): void {
  process.on('unhandledRejection', (reason) => say({ unhandled: String(reason) }))
  const lines = createInterface({ input: process.stdin })
  lines.on('line', (line) => void answer(commands, JSON.parse(line) as Order))
  lines.on('close', () => process.exit(0))
  say({ ready: process.pid })
}

async function answer(commands: Commands, { id, command, argument }: Order): Promise<void> {
  try {
    const value: unknown = await commands[command]?.(argument as never)
    say({ id, value } satisfies Reply)
  } catch (error) {
    const code = isOAuthError(error) ? error.code : 'untyped'
    say({ id, code, text: error instanceof Error ? (error.stack ?? error.message) : String(error) } satisfies Reply)
  }
}
