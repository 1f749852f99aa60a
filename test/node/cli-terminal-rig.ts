import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'

/** A real terminal in which one command runs. */
export interface Terminal {
  /** Types, as a person would. `\r` is Enter, `\u0003` Ctrl-C. */
  type(keys: string): void
  /** What it shows, escape sequences included. */
  screen(): string
  /** Waits until it shows something. */
  shows(pattern: RegExp): Promise<RegExpExecArray>
  close(): void
}

/** What to run. The exit code is shown at the end as `EXIT <code>`. */
export interface TerminalCommand {
  readonly words: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** Deno hands its own environment on beside what it is given, and CI means that nobody is there. */
const attended = { CI: '' }

/** Opens a terminal: of tmux where that is installed, else of script. */
export function openTerminal(command: TerminalCommand): Terminal {
  const line = `stty cols 500; ${command.words.map(quoted).join(' ')}; echo "EXIT $?"; sleep 60`
  const hasTmux = spawnSync('tmux', ['-V']).status === 0
  return hasTmux ? inTmux(line, command.env) : inScript(line, command.env)
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`
}

function inTmux(line: string, env: Readonly<Record<string, string>>): Terminal {
  const socket = `latchkey-${randomBytes(6).toString('hex')}`
  const tmux = (...args: readonly string[]): string =>
    execFileSync('tmux', ['-L', socket, '-f', '/dev/null', ...args], {
      env: { ...attended, ...env, TERM: 'xterm' },
      encoding: 'utf8',
    })
  // tmux hands its own terminal's name to what runs in it, and its own variables.
  tmux('new-session', '-d', '-x', '500', '-y', '60', `sh -c ${quoted(line)}`)
  const screen = (): string => tmux('capture-pane', '-p', '-e', '-J')
  return {
    type: (keys) => {
      const hex = [...new TextEncoder().encode(keys)].map((byte) => byte.toString(16))
      tmux('send-keys', '-H', ...hex)
    },
    screen,
    shows: (pattern) => shown(screen, pattern),
    close: () => void spawnSync('tmux', ['-L', socket, 'kill-server']),
  }
}

function inScript(line: string, env: Readonly<Record<string, string>>): Terminal {
  const child = spawn('script', ['-qfec', `sh -c ${quoted(line)}`, '/dev/null'], {
    env: { ...attended, ...env, TERM: 'xterm' },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  let text = ''
  child.stdout.on('data', (chunk) => (text += String(chunk)))
  const screen = (): string => text.replaceAll('\r\n', '\n')
  return {
    type: (keys) => void child.stdin.write(keys),
    screen,
    shows: (pattern) => shown(screen, pattern),
    close: () => void child.kill('SIGKILL'),
  }
}

async function shown(screen: () => string, pattern: RegExp): Promise<RegExpExecArray> {
  for (let look = 0; look < 400; look += 1) {
    const found = pattern.exec(screen())
    if (found !== null) return found
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`The terminal never showed ${String(pattern)}:\n${screen()}`)
}
