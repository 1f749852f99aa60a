import type { Subpath } from './read-api.ts'

const links = [
  ['../README.md', 'what it does, quick starts for each runtime, recipes, troubleshooting'],
  ['README.md', 'every exported name, with types and examples'],
  ['errors.ts', 'the table of failures: each code, what is known, what to do'],
  ['../CHANGELOG.md', 'what changed'],
] as const

const rules = [
  'ESM only. Import from the subpaths below and from nowhere else.',
  'Every failure is an `OAuthError`: switch on `code`, never on `message`. `retryable` says whether waiting helps.',
  'All times are milliseconds; an instant has a name that ends in `At`.',
  'Call APIs with `client.fetch`, not with a token taken out of it; name their origins in `apiOrigins`.',
  'In a web page use `latchkey/browser`; on a server for browsers `latchkey/worker`; in a program `latchkey/node`.',
  'PKCE and `state` are always used; there is no option for them. A public client has no secret.',
  'In tests use `latchkey/testing`: `createAuthorizationServer({ clock })` and its `fetch`, not mocks.',
]

/** An overview for programs that read: what there is, where it stands, and how not to go wrong. */
export function writeLlms(api: readonly Subpath[], description: string): string {
  return [
    '# latchkey',
    `> ${description}`,
    rules.map((rule) => `- ${rule}`).join('\n'),
    '## Docs',
    links.map(([path, about]) => `- [${path.replace('../', '')}](${path}): ${about}`).join('\n'),
    ...api.flatMap(({ name, about, names }) => [
      `## ${name}`,
      ...(about === '' ? [] : [about.replaceAll('\n', ' ').replace(/  .*/, '')]),
      names.map((given) => `- \`${given.name}\`: ${firstSentence(given.text)}`).join('\n'),
    ]),
    '',
  ]
    .join('\n\n')
    .replace(/\n+$/, '\n')
}

function firstSentence(text: string): string {
  const line = (text.split(/\n\n|\n- /)[0] ?? '').replaceAll(/\s+/g, ' ')
  return /^.*?[.!?:](?= [A-Z`]|$)/.exec(line)?.[0] ?? line
}
