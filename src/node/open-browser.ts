import type { ChildProcess, SpawnOptions } from 'node:child_process'
import { clearTimeout, setTimeout } from 'node:timers'

/** Starts a program, as `spawn` of `node:child_process` does. */
export type Spawn = (command: string, args: readonly string[], options: SpawnOptions) => ChildProcess

/** The world, as arguments. */
export interface OpenBrowserOptions {
  /** @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** @default process.platform */
  readonly platform?: string
  /** @default spawn of node:child_process */
  readonly spawn?: Spawn
}

/** A program and its arguments; `%s` stands for the URL. */
type Command = readonly string[]

/** An opener that is still running by then has not failed: some of them are the browser. */
const patience = 1_000

/**
 * Opens `url` in the person's browser, and says whether that seems to have worked. Never throws.
 *
 * Only `https:` URLs are opened, and `http:` ones of this machine. The URL is one argument of a program
 * that is started without a shell. `BROWSER` is tried first: commands, separated as in `PATH`, with `%s`
 * where the URL shall be, else at the end. Without a display there is nothing to open.
 *
 * @example
 * ```ts
 * if (!(await openBrowser(url))) console.error(`Open this address: ${url}`)
 * ```
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8252#section-8.12 RFC 8252, section 8.12}
 */
export async function openBrowser(url: string | URL, options: OpenBrowserOptions = {}): Promise<boolean> {
  const { env = process.env, platform = process.platform } = options
  const address = openable(url)
  if (address === undefined) return false
  const start = options.spawn ?? (await import('node:child_process')).spawn
  for (const command of openers(env, platform)) {
    // A function, because `$&` and the like would be special in a replacement string.
    const [program = '', ...args] = command.map((word, n) => (n === 0 ? word : word.replaceAll('%s', () => address)))
    if (await runs(() => start(program, args, { env: { ...env }, detached: true, stdio: 'ignore', shell: false })))
      return true
  }
  return false
}

/** What would be tried, in this order; empty where there is no display. */
export function openers(env: NonNullable<OpenBrowserOptions['env']>, platform: string): readonly Command[] {
  return [...chosenOpeners(env, platform), ...usualOpeners(env, platform)]
}

/** The URL as the parser writes it, without quotes, spaces or control characters; `undefined` if it must not be opened. */
function openable(url: string | URL): string | undefined {
  if (!URL.canParse(url)) return undefined
  const { href, protocol, hostname } = new URL(url)
  const isLoopback = hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname)
  return protocol === 'https:' || (protocol === 'http:' && isLoopback) ? href : undefined
}

function chosenOpeners(env: NonNullable<OpenBrowserOptions['env']>, platform: string): readonly Command[] {
  const entries = env['BROWSER']?.split(platform === 'win32' ? ';' : ':') ?? []
  return entries
    .map((entry) => entry.split(/\s+/).filter(Boolean))
    .filter((words) => words.length > 0)
    .map((words) => (words.some((word, n) => n > 0 && word.includes('%s')) ? words : [...words, '%s']))
}

function usualOpeners(env: NonNullable<OpenBrowserOptions['env']>, platform: string): readonly Command[] {
  if (platform === 'darwin') return [['open', '%s']]
  // By its full path: Windows would look in the current folder first. `cmd /c start` would end the URL at its first `&`.
  const windows = `${env['SystemRoot'] ?? 'C:\\Windows'}\\System32\\rundll32.exe`
  if (platform === 'win32') return [[windows, 'url.dll,FileProtocolHandler', '%s']]
  const openers: Command[] = []
  if (env['WSL_DISTRO_NAME'] || env['WSL_INTEROP']) {
    openers.push(['wslview', '%s'], ['rundll32.exe', 'url.dll,FileProtocolHandler', '%s'])
  }
  if (env['DISPLAY'] || env['WAYLAND_DISPLAY']) {
    openers.push(['xdg-open', '%s'], ['gio', 'open', '%s'], ['sensible-browser', '%s'])
  }
  return openers
}

/** Whether the program could be started and has not failed soon after. */
function runs(start: () => ChildProcess): Promise<boolean> {
  return new Promise((resolve) => {
    try {
      const child = start()
      const timer = setTimeout(resolve, patience, true)
      const end = (worked: boolean): void => {
        clearTimeout(timer)
        resolve(worked)
      }
      child.once('error', () => end(false)).once('exit', (status) => end(status === 0))
      child.unref()
    } catch {
      resolve(false)
    }
  })
}
