import { isAbsolute, join, resolve } from 'node:path'
import { homeFolder } from '../stores/home-folder.node.ts'

/** The world, as arguments. */
export interface AuthFilePathOptions {
  /** @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** @default process.platform */
  readonly platform?: string
  /** @default homedir() of node:os */
  readonly home?: string
}

/**
 * Where tokens rest when nothing else is said: `LATCHKEY_AUTH_FILE`, else `latchkey/auth.json` in
 * `XDG_CONFIG_HOME` (`APPDATA` on Windows), else in `~/.config`. Reads and creates nothing.
 *
 * @example
 * ```ts
 * const store = fileStore({ path: authFilePath() })
 * ```
 *
 * @see {@link https://specifications.freedesktop.org/basedir-spec/latest/ XDG Base Directory Specification}
 */
export function authFilePath(options: AuthFilePathOptions = {}): string {
  const { env = process.env, platform = process.platform } = options
  if (env['LATCHKEY_AUTH_FILE']) return resolve(env['LATCHKEY_AUTH_FILE'])
  const folder = env['XDG_CONFIG_HOME'] || (platform === 'win32' ? env['APPDATA'] : undefined)
  // The specification: a relative path is invalid, and to be ignored.
  // Not everybody has a home: asked last, because asking may throw.
  const base = folder && isAbsolute(folder) ? folder : join(options.home ?? homeFolder(), '.config')
  return join(base, 'latchkey', 'auth.json')
}
