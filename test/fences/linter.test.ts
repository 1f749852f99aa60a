import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freshFolder } from '../runtimes/fresh-folder.ts'

// What may be imported, written as a file in src/ or as a package.
const targets = [
  'contracts',
  'errors',
  'core/index',
  'lifecycle/flight',
  'client/client',
  'stores/memory',
  'stores/memory-transactions',
  'stores/web-storage',
  'redirects/page',
  'providers/oidc',
  'sdk/openai',
  'browser/index',
  'worker/index',
  'node/index',
  'blocking/index',
  'testing/index',
  'explain/index',
  'cli/main',
  'oauth4webapi',
  'jose',
  'jose/jwks/local',
  'node:fs',
  'node:fs/promises',
  'uqr',
  'left-pad',
]

// The table of the house: who may import what, siblings aside. The rest is forbidden.
const seams = ['contracts', 'errors']
const node = ['node:fs', 'node:fs/promises']
const defaults = ['stores/memory', 'stores/memory-transactions']
const parts = ['core', 'lifecycle', 'client', 'stores', 'redirects', 'providers', 'sdk']
const mayImport: Readonly<Record<string, readonly string[]>> = {
  'contracts.ts': [],
  'errors.ts': [],
  'index.ts': [...seams, 'core', 'lifecycle', 'client', ...defaults],
  'core/a.ts': [...seams, 'oauth4webapi', 'jose'],
  'lifecycle/a.ts': [...seams, 'core'],
  'client/a.ts': [...seams, 'core', 'lifecycle', ...defaults],
  'stores/a.ts': seams,
  'stores/a.node.ts': [...seams, ...node],
  'redirects/a.ts': seams,
  'redirects/a.node.ts': [...seams, ...node],
  'providers/a.ts': seams,
  'sdk/a.ts': seams,
  'browser/a.ts': [...seams, ...parts],
  'worker/a.ts': [...seams, ...parts],
  'node/a.ts': [...seams, ...parts, ...node],
  'blocking/a.ts': [...seams, ...parts, 'node', ...node],
  'testing/a.ts': [...seams, 'jose'],
  'testing/a.node.ts': [...seams, 'jose', ...node],
  'explain/a.ts': ['errors'],
  'cli/a.ts': [...seams, 'node', 'providers', 'explain', 'uqr', ...node],
}

const line = (index: number): string => `  void ${index}`
const lines = (count: number): string => Array.from({ length: count }, (_, index) => line(index)).join('\n')
const branches = (count: number): string => `${'  if (a) return a\n'.repeat(count)}  return a`

// What each rule must report, and the nearest thing that it must not.
const ruled: Readonly<Record<string, { readonly bad: string; readonly good: string }>> = {
  'import/no-cycle': { bad: "import './other-half.ts'\n", good: 'export const one = 1\n' },
  'import/no-default-export': { bad: 'export default 1\n', good: 'export const one = 1\n' },
  'typescript/no-explicit-any': { bad: 'export let a: any\n', good: 'export let a: unknown\n' },
  'typescript/no-non-null-assertion': {
    bad: 'export const b = (a?: string) => a!\n',
    good: 'export const b = (a?: string) => !a\n',
  },
  'typescript/consistent-type-imports': {
    bad: "import { Store } from '../contracts.ts'\nexport const a: Store[] = []\n",
    good: "import type { Store } from '../contracts.ts'\nexport const a: Store[] = []\n",
  },
  'max-lines-per-function': {
    bad: `export function long(): void {\n${lines(49)}\n}\n`,
    good: `export function long(): void {\n${lines(48)}\n\n  // Comments are free.\n}\n`,
  },
  'max-lines': { bad: `${'export {}\n'.repeat(251)}`, good: `${'export {}\n'.repeat(250)}` },
  'max-params': {
    bad: 'export const g = (a: 1, b: 1, c: 1, d: 1, e: 1) => [a, b, c, d, e]\n',
    good: 'export const g = (a: 1, b: 1, c: 1, d: 1) => [a, b, c, d]\n',
  },
  complexity: {
    bad: `export function f(a: number): number {\n${branches(12)}\n}\n`,
    good: `export function f(a: number): number {\n${branches(11)}\n}\n`,
  },
  'no-console': { bad: "console.log('')\n", good: 'export {}\n' },
}

interface Diagnostic {
  readonly code: string
  readonly help?: string
  readonly filename: string
  readonly labels: readonly { readonly span: { readonly line: number } }[]
}

const house = freshFolder()
let diagnostics: readonly Diagnostic[]

beforeAll(() => {
  copyFileSync('.oxlintrc.json', join(house.path, '.oxlintrc.json'))
  for (const file of Object.keys(mayImport)) {
    plant(`src/${file}`, targets.map((target) => `import '${specifier(file, target)}'\n`).join(''))
  }
  for (const [rule, { bad, good }] of Object.entries(ruled)) {
    plant(planted(rule, 'bad'), bad)
    plant(planted(rule, 'good'), good)
  }
  plant('src/core/other-half.ts', "import './no-cycle.bad.ts'\n")
  plant('src/cli/console.ts', "console.log('')\n")
  plant('test/suites/a.test.ts', "import 'node:fs'\n")
  plant('test/node/a.test.ts', "import 'node:fs'\n")
  const { stdout } = spawnSync(process.execPath, [resolve('node_modules/oxlint/bin/oxlint'), '--format', 'json'], {
    cwd: house.path,
    encoding: 'utf8',
    timeout: 60_000,
    maxBuffer: 50_000_000,
  })
  diagnostics = (JSON.parse(stdout) as { readonly diagnostics: readonly Diagnostic[] }).diagnostics
}, 60_000)

afterAll(() => house.remove())

function plant(path: string, text: string): void {
  mkdirSync(dirname(join(house.path, path)), { recursive: true })
  writeFileSync(join(house.path, path), text)
}

const planted = (rule: string, kind: 'bad' | 'good'): string => `src/core/${rule.split('/').at(-1)}.${kind}.ts`

// How a file in src/ writes the import of another, or of a package.
function specifier(file: string, target: string): string {
  if (target === 'contracts' || target === 'errors' || /^(?!jose)\w+\//.test(target)) {
    const path = relative(dirname(file), `${target}.ts`)
    return path.startsWith('.') ? path : `./${path}`
  }
  return target
}

// A folder stands for all that is in it.
const covers = (allowed: string, target: string): boolean => target === allowed || target.startsWith(`${allowed}/`)

function reported(filename: string, rule: string): readonly Diagnostic[] {
  const name = rule.split('/').at(-1)
  return diagnostics.filter((found) => found.filename === filename && found.code.endsWith(`(${name})`))
}

describe('the linter', () => {
  it.each(Object.entries(mayImport))('lets %s import %j and nothing else', (file, allowed) => {
    const room = dirname(file)
    const own = file.replace(/\.ts$/, '')
    const foreign = targets.filter(
      (target) =>
        target !== own && (room === '.' || dirname(target) !== room) && !allowed.some((one) => covers(one, target)),
    )
    const lines = reported(`src/${file}`, 'no-restricted-imports').map(({ labels }) => labels[0]?.span.line ?? 0)
    const refused = lines.map((line) => targets[line - 1]).filter((target) => target !== own)
    expect(refused.toSorted()).toEqual(foreign.toSorted())
  })

  it('says in words what a room may import', () => {
    const [found] = reported('src/providers/a.ts', 'no-restricted-imports').filter(({ help }) => help?.includes('rows'))
    expect(found?.help).toBe('providers/ are rows of data: they import contracts.ts, errors.ts and their siblings.')
  })

  it.each(Object.keys(ruled))('reports %s', (rule) => {
    expect(reported(planted(rule, 'bad'), rule)).not.toEqual([])
  })

  it.each(Object.keys(ruled))('reports %s only where it is broken', (rule) => {
    expect(reported(planted(rule, 'good'), rule)).toEqual([])
  })

  it('lets the terminal program alone print', () => {
    expect(reported('src/cli/console.ts', 'no-console')).toEqual([])
  })

  it('keeps Node out of the tests that run everywhere', () => {
    expect(reported('test/suites/a.test.ts', 'no-restricted-imports')).toHaveLength(1)
    expect(reported('test/node/a.test.ts', 'no-restricted-imports')).toEqual([])
  })
})
