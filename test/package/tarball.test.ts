import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readEntries } from './entries.ts'
import { pack, type Packed } from './pack.ts'

let packed: Packed
let manifest: Record<string, unknown>
let files: readonly string[]

beforeAll(() => {
  packed = pack()
  manifest = JSON.parse(readFileSync(join(packed.contents, 'package.json'), 'utf8')) as Record<string, unknown>
  files = globSync('**/*', { cwd: packed.contents })
}, 120_000)

afterAll(() => packed?.remove())

describe('the published package', () => {
  it.each(['devDependencies', 'scripts', 'workspaces', 'overrides', 'allowScripts', 'private'])(
    'carries no %s',
    (field) => {
      expect(manifest).not.toHaveProperty(field)
    },
  )

  it('keeps what an installation needs', () => {
    const whole = JSON.parse(readFileSync('package.json', 'utf8')) as Record<string, unknown>
    for (const field of ['name', 'version', 'license', 'type', 'engines', 'exports', 'dependencies', 'sideEffects']) {
      expect(manifest[field]).toEqual(whole[field])
    }
  })

  it('leaves the package.json of the checkout as it was', () => {
    expect(packed.manifestAfterwards).toBe(readFileSync('package.json', 'utf8'))
  })

  it('holds dist, src for its source maps, and the papers; nothing of the workshop', () => {
    const tops = new Set(files.map((file) => file.split('/')[0]))
    expect([...tops].toSorted()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'package.json', 'src'])
    expect(files.filter((file) => /tsconfig|tsbuildinfo|\.test\./.test(file))).toEqual([])
  })

  it.each(readEntries())('holds $subpath, with its types', ({ built, types }) => {
    expect(existsSync(join(packed.contents, built))).toBe(true)
    expect(existsSync(join(packed.contents, types))).toBe(true)
  })

  it('gives every script a map whose sources are in it', () => {
    const scripts = files.filter((file) => file.endsWith('.js'))
    const lost = scripts.filter((file) => {
      const map = JSON.parse(readFileSync(join(packed.contents, `${file}.map`), 'utf8')) as {
        readonly sources: string[]
      }
      return !map.sources.every((source) => existsSync(join(packed.contents, file, '..', source)))
    })
    expect(scripts).not.toEqual([])
    expect(lost).toEqual([])
  })
})
