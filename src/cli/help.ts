import type { Command } from './command.ts'
import { commands } from './commands.ts'

/** What `latchkey --help` prints. */
export function overview(): string {
  const names = Object.entries(commands).map(([name, { about }]) => `  ${name.padEnd(13)}${about}`)
  return [
    'usage: latchkey <command> [options]',
    '',
    ...names,
    '',
    'latchkey <command> --help says more. Tokens rest in ~/.config/latchkey/auth.json; LATCHKEY_AUTH_FILE names',
    "another file, for example Pi's. LATCHKEY_PROVIDER and LATCHKEY_PROFILE stand for what is not typed.",
  ].join('\n')
}

/** What `latchkey <name> --help` prints. */
export function helpFor(name: string, { about, words, options = {} }: Command): string {
  const lines = Object.entries(options).map(([option, { value, values, about: what }]) => {
    const left = `--${option}${value === undefined ? '' : ` <${value}>`}`
    return `  ${left.padEnd(24)}${what}${values === undefined ? '' : `: ${values.join(', ')}`}`
  })
  const usage = `usage: latchkey ${[name, words, lines.length > 0 ? '[options]' : undefined].filter(Boolean).join(' ')}`
  return [usage, '', about, ...(lines.length > 0 ? ['', ...lines] : [])].join('\n')
}
