import { join } from 'node:path'
import { homeFolder } from '../stores/home-folder.node.ts'

/** A program whose sign-in can be borrowed. */
export type Tool = 'pi' | 'synaps' | 'opencode' | 'claude-code' | 'codex'

/** The world, as arguments. */
export interface ToolFileOptions {
  /** @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** @default homedir() of node:os */
  readonly home?: string
}

/**
 * Where another program keeps its tokens. Reads and creates nothing.
 *
 * @example
 * ```ts
 * const store = fileStore({ path: toolFilePath('pi') }) // shared with Pi, under its own lock
 * ```
 */
export function toolFilePath(tool: Tool, options: ToolFileOptions = {}): string {
  const { env = process.env } = options
  const home = (): string => options.home ?? homeFolder()
  const within = (variable: string, ...otherwise: readonly string[]): string => {
    const folder = env[variable]
    if (!folder) return join(home(), ...otherwise)
    return folder.replace(/^~(?=$|[/\\])/, home)
  }
  const places: Readonly<Record<Tool, () => string>> = {
    pi: () => join(within('PI_CODING_AGENT_DIR', '.pi', 'agent'), 'auth.json'),
    synaps: () => join(home(), '.synaps-cli', profileFolder(env['SYNAPS_PROFILE']), 'auth.json'),
    opencode: () => join(within('XDG_DATA_HOME', '.local', 'share'), 'opencode', 'auth.json'),
    'claude-code': () => join(within('CLAUDE_CONFIG_DIR', '.claude'), '.credentials.json'),
    codex: () => join(within('CODEX_HOME', '.codex'), 'auth.json'),
  }
  return places[tool]()
}

function profileFolder(profile = ''): string {
  return /^[\w.-]*$/.test(profile) && !/^\.+$/.test(profile) ? profile : ''
}
