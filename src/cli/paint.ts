import type { Screen } from './world.ts'

/** Colours, or nothing. */
export interface Paint {
  bold(text: string): string
  dim(text: string): string
}

/**
 * Gives colours on a terminal only, and not where `NO_COLOR` is set.
 *
 * @see {@link https://no-color.org}
 */
export function paint(screen: Screen, env: Readonly<Record<string, string | undefined>>): Paint {
  const plain = screen.isTTY !== true || Boolean(env['NO_COLOR']) || env['TERM'] === 'dumb'
  const wrap = (code: number) => (text: string) => (plain ? text : `\u001b[${code}m${text}\u001b[0m`)
  return { bold: wrap(1), dim: wrap(2) }
}
