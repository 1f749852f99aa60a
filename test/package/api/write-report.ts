import type { ApiName, Subpath } from './read-api.ts'

/** Which subpath describes a name: the first that exports it. */
export type Homes = ReadonlyMap<string, string>

export function homesOf(api: readonly Subpath[]): Homes {
  const pairs = api.flatMap(({ name, names }) => names.map(({ identity }) => [identity, name] as const))
  return new Map(pairs.toReversed())
}

/** What a subpath promises to compilers: when this changes, users may have to change their code. */
export function writeReport({ name, names, behind }: Subpath, homes: Homes): string {
  const own = names.filter(({ identity }) => homes.get(identity) === name)
  const shared = names.filter(({ identity }) => homes.get(identity) !== name)
  return [
    `# ${name}`,
    ...section('', own),
    ...(shared.length === 0
      ? []
      : [`Also ${shared.map((given) => `\`${given.name}\` of \`${homes.get(given.identity)}\``).join(', ')}.`]),
    ...section('## Not exported, but spoken of', behind),
    '',
  ]
    .join('\n\n')
    .replace(/\n+$/, '\n')
}

function section(heading: string, names: readonly ApiName[]): readonly string[] {
  if (names.length === 0) return []
  const code = ['```ts', names.map(({ bare }) => bare).join('\n\n'), '```'].join('\n')
  return heading === '' ? [code] : [heading, code]
}

/** `'latchkey.core.api.md'`. */
export function reportFile({ name }: Subpath): string {
  return `${name.replaceAll('/', '.')}.api.md`
}
