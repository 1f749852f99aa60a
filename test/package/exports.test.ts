import { existsSync, globSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readEntries } from './entries.ts'

const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly exports: Record<string, unknown> }
const entries = readEntries()

// Files that are made to be imported by name.
const frontDoors = ['src/index.ts', 'src/*/index.ts', 'src/providers/*.ts', 'src/sdk/*.ts']

describe('exports', () => {
  it('names each subpath, with types and default and nothing else', () => {
    for (const [subpath, target] of Object.entries(exports)) {
      expect(subpath).toMatch(/^\.(\/[\w./-]+)?$/)
      if (subpath !== './package.json') expect(Object.keys(target as object)).toEqual(['types', 'default'])
    }
  })

  it.each(entries)('$subpath exists as $source', ({ source }) => {
    expect(existsSync(source)).toBe(true)
  })

  it('leaves no front door unnamed', () => {
    const named = entries.map(({ source }) => source)
    expect(frontDoors.flatMap((pattern) => globSync(pattern)).filter((file) => !named.includes(file))).toEqual([])
  })

  it('has a front door that gives names and does nothing else', () => {
    const code = readFileSync('src/index.ts', 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
    expect(code.replaceAll(/export (type )?(\{[^}]*\}|\*) from '[^']+'/g, '').trim()).toBe('')
  })
})
