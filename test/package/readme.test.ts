import { existsSync, globSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { fixCodes } from '../../src/explain/index.ts'
import { budgetsTable, readResults, resultsPage } from '../bench/results.ts'
import { fillReadme } from './fill-readme.ts'

const readme = readFileSync('README.md', 'utf8')
const { exports, scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly exports: Readonly<Record<string, unknown>>
  readonly scripts: Readonly<Record<string, string>>
}

it('shows the examples, and what `explain` knows, as they are', () => {
  expect(fillReadme(readme)).toBe(readme)
})

it('notices an example and an explanation that are no longer what they were', () => {
  const old = readme.replace("import { createBrowserClient } from 'latchkey/browser'", 'old')
  expect(fillReadme(old)).toBe(readme)
  expect(fillReadme(readme.replace('| `port_in_use` |', '| `port_taken` |'))).toBe(readme)
})

it('shows what was measured as it was measured, broken budgets too', () => {
  const results = readResults()
  const budgets = results.flatMap(({ tables }) => tables.flatMap((table) => table.budgets))
  const broken = budgets.filter(({ holds }) => !holds)
  expect(budgets.length).toBeGreaterThan(20)
  expect(readFileSync('test/bench/results.md', 'utf8')).toBe(resultsPage(results))
  expect(budgetsTable(results).split('**no**').length - 1).toBe(broken.length)
  expect(readme).toContain(budgetsTable(results))
})

it('notices a figure that nobody measured', () => {
  const row = /^\| .* \| yes \|$/m.exec(budgetsTable(readResults()))?.[0] ?? ''
  const better = row.replace(/\| [^|]+ \| [^|]+ \|$/, '| 0.01 × | yes |')
  expect(better).not.toBe(row)
  expect(fillReadme(readme.replace(row, better))).toBe(readme)
})

it('shows an example for each world and each recipe', () => {
  const shown = [...readme.matchAll(/<!-- (examples\/\S+) -->/g)].map(([, path]) => path)
  expect(shown).toEqual(
    expect.arrayContaining([
      'examples/spa.ts',
      'examples/script.ts',
      'examples/worker.ts',
      'examples/worker-handler.ts',
    ]),
  )
  expect(globSync('examples/recipes/*').filter((path) => !shown.includes(path))).toEqual([])
})

it('says of every failure what to do', () => {
  for (const code of fixCodes) expect(readme).toContain(`| \`${code}\` | `)
})

it('names every entry point', () => {
  const names = Object.keys(exports).filter((name) => name !== './package.json')
  for (const name of names) expect(readme).toContain(`\`latchkey${name.slice(1)}\``)
})

it('names only entry points that there are', () => {
  const named = [...readme.matchAll(/(?:from |`)['"]?(latchkey(?:\/[\w-]+)*)['"`]/g)].map(([, name = '']) => name)
  const known = Object.keys(exports).map((name) => `latchkey${name.slice(1)}`)
  expect(named.filter((name) => !known.includes(name) && name !== 'latchkey/sdk')).toEqual([])
})

it('links to files that there are, and to headings that it has', () => {
  const targets = [...readme.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
  const headings = [...readme.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => `#${anchor(heading)}`)
  const lost = targets.filter((target) => {
    if (target.startsWith('#')) return !headings.includes(target)
    return !target.startsWith('https://') && !existsSync(target)
  })
  expect(targets.length).toBeGreaterThan(10)
  expect(lost).toEqual([])
})

it('names only commands that there are', () => {
  const commands = [...readme.matchAll(/npm run (?:-s )?([\w:]+)/g)].map(([, name = '']) => name)
  expect(commands.filter((name) => scripts[name] === undefined)).toEqual([])
})

function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w -]/g, '')
    .replaceAll(' ', '-')
}
