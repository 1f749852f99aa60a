import type { ApiName, Subpath } from './read-api.ts'
import { type Homes, homesOf } from './write-report.ts'

/** The API reference, from the comments. */
export function writeReference(api: readonly Subpath[]): string {
  const homes = homesOf(api)
  const contents = api.map(({ name }) => `- [\`${name}\`](#${anchor(name)})`)
  const parts = [
    '# API reference',
    'Made from the comments in the source by `npm run api`. The [README](../README.md) shows how it is used.',
    contents.join('\n'),
    ...api.flatMap((subpath) => describeSubpath(subpath, homes)),
  ]
  return `${parts.join('\n\n')}\n`
}

function describeSubpath({ name, about, names }: Subpath, homes: Homes): readonly string[] {
  const own = names.filter(({ identity }) => homes.get(identity) === name)
  const shared = names.filter(({ identity }) => homes.get(identity) !== name)
  const elsewhere = shared.map(
    (given) => `\`${given.name}\` ([${homes.get(given.identity)}](#${anchor(homes.get(given.identity) ?? '')}))`,
  )
  return [
    `## ${name}`,
    ...(about === '' ? [] : [about]),
    ...own.filter(({ callable }) => callable).flatMap(describeName),
    ...own.filter(({ callable }) => !callable).flatMap(describeName),
    ...(elsewhere.length === 0 ? [] : [`Also exported here: ${elsewhere.join(', ')}.`]),
  ]
}

function describeName({ name, text, declaration, examples, sources }: ApiName): readonly string[] {
  return [
    `### ${name}`,
    text,
    `\`\`\`ts\n${declaration}\n\`\`\``,
    ...examples.map((example) =>
      example.includes('```') ? `Example:\n\n${example}` : `Example:\n\n\`\`\`ts\n${example}\n\`\`\``,
    ),
    ...(sources.length === 0 ? [] : [`Source: ${sources.join(', ')}.`]),
  ]
}

/** As GitHub makes it of a heading. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w -]/g, '')
    .replaceAll(' ', '-')
}
