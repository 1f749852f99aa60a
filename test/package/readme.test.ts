import { readFile } from 'node:fs/promises'

import { expect, it } from 'vitest'

const root = new URL('../../', import.meta.url)

it('shows the examples as they are', async () => {
  const readme = await readFile(new URL('README.md', root), 'utf8')
  const shown = [...readme.matchAll(/<!-- (examples\/\S+) -->\n```ts\n([\s\S]*?)```/g)]
  expect(shown.length).toBeGreaterThanOrEqual(3)
  for (const [, path = '', code] of shown) {
    expect(code, path).toBe(await readFile(new URL(path, root), 'utf8'))
  }
})

it('names every entry point', async () => {
  const readme = await readFile(new URL('README.md', root), 'utf8')
  const { exports } = JSON.parse(await readFile(new URL('package.json', root), 'utf8')) as { exports: object }
  const names = Object.keys(exports).filter((name) => name !== './package.json')
  for (const name of names) expect(readme).toContain(`\`latchkey${name.slice(1)}\``)
})
