import type { Asked, Command } from './command.ts'
import { commands } from './commands.ts'
import { misuse } from './misuse.ts'
import { print } from './world.ts'
import type { World } from './world.ts'

const shells: Readonly<Record<string, () => string>> = { bash, zsh, fish }

/** `latchkey completions`: a script for the shell's own start-up file. */
export async function completions(asked: Asked, world: World): Promise<number> {
  const [shell = ''] = asked.words
  const script = Object.hasOwn(shells, shell) ? shells[shell] : undefined
  if (script === undefined) throw misuse(`Say which shell: ${Object.keys(shells).join(', ')}.`)
  print(world, script())
  return 0
}

const names = Object.keys(commands)

/** What may follow a command: its words and its options. */
function offered({ offers = [], options = {} }: Command): string {
  return [...offers, ...Object.keys(options).map((option) => `--${option}`)].join(' ')
}

function valuesOf({ options = {} }: Command): readonly (readonly [string, string])[] {
  return Object.entries(options).flatMap(([name, { values }]) => (values ? [[name, values.join(' ')] as const] : []))
}

/** For `~/.bashrc`: eval "$(latchkey completions bash)". */
function bash(): string {
  const cases = Object.entries(commands).map(([name, command]) => `    ${name}) words="${offered(command)}" ;;`)
  const values = Object.values(commands).flatMap(valuesOf)
  return `_latchkey() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" words=""
  case "$before" in
${values.map(([name, list]) => `    --${name}) COMPREPLY=($(compgen -W "${list}" -- "$current")); return ;;`).join('\n')}
  esac
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then words="${names.join(' ')}"; fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _latchkey latchkey`
}

/** For `~/.zshrc`, behind compinit: eval "$(latchkey completions zsh)". */
function zsh(): string {
  const cases = Object.entries(commands).map(([name, command]) => `    ${name}) compadd -- ${offered(command)} ;;`)
  const values = Object.values(commands).flatMap(valuesOf)
  return `_latchkey() {
  if (( CURRENT == 2 )); then compadd -- ${names.join(' ')}; return; fi
  case "\${words[CURRENT-1]}" in
${values.map(([name, list]) => `    --${name}) compadd -- ${list}; return ;;`).join('\n')}
  esac
  case "\${words[2]}" in
${cases.join('\n')}
  esac
}
compdef _latchkey latchkey`
}

/** For `~/.config/fish/completions/latchkey.fish`. */
function fish(): string {
  const lines = Object.entries(commands).flatMap(([name, command]) => {
    const here = `complete -c latchkey -f -n '__fish_seen_subcommand_from ${name}'`
    const options = Object.entries(command.options ?? {}).map(
      ([option, { type, values, about }]) =>
        `${here} -l ${option}${type === 'string' ? ' -x' : ''}${values ? ` -a '${values.join(' ')}'` : ''} -d '${about.replaceAll("'", '’')}'`,
    )
    const offers = command.offers ? [`${here} -a '${command.offers.join(' ')}'`] : []
    return [
      `complete -c latchkey -f -n __fish_use_subcommand -a ${name} -d '${command.about.replaceAll("'", '’')}'`,
      ...offers,
      ...options,
    ]
  })
  return lines.join('\n')
}
