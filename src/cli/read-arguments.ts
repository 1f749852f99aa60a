import type { Asked, Command } from './command.ts'
import { misuse } from './misuse.ts'

const help = { type: 'boolean', short: 'h' } as const

/** Reads what was typed behind a command's name. Mistakes are told without repeating values: one may be a secret. */
export async function readArguments(command: Command, args: readonly string[]): Promise<Asked> {
  const { options = {}, most = 1 } = command
  const { values, positionals } = await parsed(args, {
    help,
    ...Object.fromEntries(Object.entries(options).map(([name, { type }]) => [name, { type }])),
  })
  if (positionals.length > most) throw misuse('There are too many words.')
  for (const [name, value] of Object.entries(values)) {
    const allowed = options[name]?.values
    if (allowed !== undefined && !allowed.includes(String(value))) {
      throw misuse(`--${name} is one of ${allowed.join(', ')}.`)
    }
  }
  return {
    words: positionals,
    text: (name) => (typeof values[name] === 'string' ? values[name] : undefined),
    flag: (name) => values[name] === true,
  }
}

type Options = Readonly<Record<string, { readonly type: 'string' | 'boolean'; readonly short?: string }>>

interface Parsed {
  readonly values: Readonly<Record<string, unknown>>
  readonly positionals: readonly string[]
}

async function parsed(args: readonly string[], options: Options): Promise<Parsed> {
  // An import would look at every name of that module, and load threads for one of them. The first Node 20 has no other way.
  const { parseArgs } = process.getBuiltinModule?.('node:util') ?? (await import('node:util'))
  try {
    return parseArgs({ args: [...args], options: { ...options }, allowPositionals: true })
  } catch (error) {
    const name = /'(-[\w-]+)/.exec(error instanceof Error ? error.message : '')?.[1]
    const unknown = (error as { readonly code?: unknown }).code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION'
    if (name === undefined) throw misuse('These options cannot be understood.')
    throw misuse(unknown ? `There is no option ${name}.` : `The option ${name} is incomplete, or takes no value.`)
  }
}
