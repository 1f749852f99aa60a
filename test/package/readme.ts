// Puts the examples into the README: `npm run readme`.

import { readFileSync, writeFileSync } from 'node:fs'

const root = new URL('../../', import.meta.url)
const readme = new URL('README.md', root)
const text = readFileSync(readme, 'utf8').replaceAll(
  /(<!-- (examples\/\S+) -->\n```ts\n)[\s\S]*?```/g,
  (_, head: string, path: string) => `${head}${readFileSync(new URL(path, root), 'utf8')}\`\`\``,
)
writeFileSync(readme, text)
