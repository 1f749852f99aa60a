import { isOAuthError } from '../errors.ts'
import { commands } from './commands.ts'
import { isMisuse, misuse } from './misuse.ts'
import { readArguments } from './read-arguments.ts'
import type { World } from './world.ts'
import { print, say } from './world.ts'

/** Does what was typed, and gives the exit code: 0, 1 for a failure, 2 for a mistake in the command, 130 after Ctrl-C. */
export async function run(args: readonly string[], world: World): Promise<number> {
  try {
    return await dispatch(args, world)
  } catch (error) {
    return complain(error, world)
  }
}

async function dispatch([name = '--help', ...rest]: readonly string[], world: World): Promise<number> {
  if (name === '--version') return version(world)
  if (name === '--help' || name === '-h' || name === 'help') {
    const { overview } = await import('./help.ts')
    print(world, overview())
    return 0
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command === undefined) throw misuse('There is no such command: see latchkey --help.')
  const asked = await readArguments(command, rest)
  if (asked.flag('help')) {
    const { helpFor } = await import('./help.ts')
    print(world, helpFor(name, command))
    return 0
  }
  const start = await command.load()
  return start(asked, world)
}

async function version(world: World): Promise<number> {
  const { readFile } = await import('node:fs/promises')
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8')
  print(world, (JSON.parse(text) as { readonly version: string }).version)
  return 0
}

/** Says what went wrong and what to do. */
async function complain(error: unknown, world: World): Promise<number> {
  if (isMisuse(error)) {
    say(world, `latchkey: ${error.message}`)
    return 2
  }
  if (isOAuthError(error) && error.code === 'aborted') {
    say(world, 'Stopped.')
    return typeof world.signal.reason === 'number' ? world.signal.reason : 130
  }
  const { explained } = await import('./explained.ts')
  say(world, explained(error, world))
  return isOAuthError(error) && error.code === 'config' ? 2 : 1
}
