import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type BuiltScripts, exportsOfSource, firstScripts, loadedBy, readBuilt } from './built.ts'
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

const isOurs = (file: string): boolean => file.startsWith('dist/')

/** How many scripts an entry may load at once, where it is more than five. */
const most: Readonly<Record<string, number>> = {
  'dist/core/index.js': 7,
  'dist/browser/index.js': 6,
  'dist/browser/vault.js': 8,
  'dist/node/index.js': 9,
  'dist/blocking/index.js': 8,
  'dist/blocking/answer-calls.js': 8,
}

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
    const maps = files.filter((file) => file.endsWith('.js.map'))
    const lost = maps.filter((file) => {
      const map = JSON.parse(readFileSync(join(packed.contents, file), 'utf8')) as { readonly sources: string[] }
      return !map.sources.every((source) => existsSync(join(packed.contents, file, '..', source)))
    })
    expect(lost).toEqual([])
    // A script that only passes names on holds nothing that a map could show.
    const passesOn = /^(#!.*\n)?((import|export)( \{[^}]*\})?( from)?( "[^"]+")?;\s*)*$/
    const bare = files.filter((file) => file.endsWith('.js') && !maps.includes(`${file}.map`))
    expect(bare.filter((file) => !passesOn.test(readFileSync(join(packed.contents, file), 'utf8')))).toEqual([])
    expect(maps.length).toBeGreaterThan(bare.length)
  })
})

describe('the built scripts', () => {
  let scripts: BuiltScripts
  beforeAll(async () => {
    scripts = await readBuilt(packed.contents)
  })

  const sourcesOf = (loaded: ReadonlySet<string>): readonly string[] =>
    [...loaded].flatMap((file) => scripts.get(file)?.sources ?? [])

  it('are all that is there', () => {
    expect(files.filter((file) => file.endsWith('.js')).toSorted()).toEqual(
      [...scripts.keys()].filter(isOurs).toSorted(),
    )
  })

  it('hold each source once, so that there is one class of error and one of every state', () => {
    const all = sourcesOf(new Set(scripts.keys()))
    expect(all).toContain('src/errors.ts')
    expect(all.filter((source, at) => all.indexOf(source) !== at)).toEqual([])
  })

  it.each(readEntries())('export from $subpath what its source exports', async (entry) => {
    expect([...(scripts.get(entry.built)?.exports ?? [])].toSorted()).toEqual(
      [...(await exportsOfSource(entry))].toSorted(),
    )
  })

  it.each(readEntries().filter(({ needsNode }) => !needsNode))(
    'load nothing of Node for $subpath, now or later',
    ({ built }) => {
      const loaded = loadedBy(scripts, built, true)
      expect([...loaded].filter((name) => name.startsWith('node:'))).toEqual([])
      expect(sourcesOf(loaded).filter((source) => source.endsWith('.node.ts'))).toEqual([])
    },
  )

  it.each(firstScripts.filter((file) => !file.startsWith('dist/browser/')))('load nothing of pages for %s', (file) => {
    const sources = sourcesOf(loadedBy(scripts, file, true))
    expect(sources.filter((source) => source.endsWith('.dom.ts'))).toEqual([])
  })

  it.each(firstScripts)('are few for %s', (file) => {
    const own = [...loadedBy(scripts, file)].filter(isOurs)
    expect(own.length).toBeLessThanOrEqual(most[file] ?? 5)
  })

  it('need no jose before something is to be verified', () => {
    const needing = firstScripts.filter((file) => [...loadedBy(scripts, file)].some((name) => /^jose(\/|$)/.test(name)))
    expect(needing).toEqual(['dist/core/index.js', 'dist/testing/index.js'])
  })

  it.each(firstScripts.filter((file) => /dist\/(providers|stores|sdk|explain|cli)\//.test(file)))(
    'need no oauth4webapi for %s',
    (file) => {
      expect([...loadedBy(scripts, file)]).not.toContain('oauth4webapi')
    },
  )

  it('start no server and no program before somebody signs in', () => {
    for (const file of firstScripts.filter((name) => name !== 'dist/testing/listen.node.js')) {
      expect([...loadedBy(scripts, file)].filter((name) => /^node:(http|net|child_process)$/.test(name))).toEqual([])
    }
  })

  it('leave for later what not everybody needs', () => {
    // The others give everything by name.
    const those = ['index.js', 'browser/index.js', 'worker/index.js', 'stores/indexeddb.js', 'cli/main.js']
    const all = those.flatMap((name) => {
      const file = `dist/${name}`
      const atOnce = loadedBy(scripts, file)
      const later = [...atOnce].flatMap((one) => scripts.get(one)?.later ?? []).filter(isOurs)
      return later.map((one) => ({ file, one, more: [...loadedBy(scripts, one)].filter((next) => !atOnce.has(next)) }))
    })
    expect(all.length).toBeGreaterThan(15)
    expect(all.filter(({ more }) => sourcesOf(new Set(more)).length === 0)).toEqual([])
  })
})
