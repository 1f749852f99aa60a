import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { build } from 'esbuild'
import { type Entry, readEntries } from './entries.ts'

/** One script of the built package. */
export interface BuiltScript {
  /** What it imports when it is loaded: scripts by their file, anything else by its name. */
  readonly atOnce: readonly string[]
  /** What it imports later, if ever. */
  readonly later: readonly string[]
  /** The names that it exports; of entries only. */
  readonly exports: readonly string[]
  /** The files it is made of, in src/. */
  readonly sources: readonly string[]
}

export type BuiltScripts = ReadonlyMap<string, BuiltScript>

/** The scripts that the package starts with, whoever starts them: `'dist/index.js'`, … */
export const firstScripts: readonly string[] = [
  ...readEntries().map(({ built }) => built),
  'dist/cli/main.js',
  'dist/blocking/answer-calls.js',
]

/** Only looks: what imports what, and exports what. */
const traced = {
  bundle: true,
  packages: 'external',
  platform: 'neutral',
  format: 'esm',
  outdir: 'nowhere',
  write: false,
  metafile: true,
  logLevel: 'silent',
} as const

/** Reads every script that one of the entries can ever load, from the folder of a package. */
export async function readBuilt(folder: string): Promise<BuiltScripts> {
  const { metafile } = await build({
    absWorkingDir: folder,
    entryPoints: [...firstScripts],
    ...traced,
    splitting: true,
    // Nothing is to be left out because nobody uses it.
    treeShaking: false,
  })
  const outputs = Object.values(metafile.outputs)
  return new Map(
    Object.entries(metafile.inputs).map(([file, { imports }]) => {
      const paths = (lazy: boolean): string[] =>
        imports.flatMap(({ path, kind }) => ((kind === 'dynamic-import') === lazy ? [path] : []))
      const made = outputs.find(({ entryPoint }) => entryPoint === file)
      return [
        file,
        { atOnce: paths(false), later: paths(true), exports: made?.exports ?? [], sources: sourcesOf(folder, file) },
      ]
    }),
  )
}

/** A script that only passes names on has no map. */
function sourcesOf(folder: string, file: string): readonly string[] {
  if (!/^\/\/# sourceMappingURL=/m.test(readFileSync(join(folder, file), 'utf8'))) return []
  const { sources } = JSON.parse(readFileSync(join(folder, `${file}.map`), 'utf8')) as { readonly sources: string[] }
  return sources.map((source) => posix.join(posix.dirname(file), source))
}

/** What is loaded with `file`, itself included; with `ever`, also what it may load later. */
export function loadedBy(scripts: BuiltScripts, file: string, ever = false): ReadonlySet<string> {
  const seen = new Set([file])
  // A set is walked through to its end, and grows meanwhile.
  for (const one of seen) {
    const { atOnce = [], later = [] } = scripts.get(one) ?? {}
    for (const next of ever ? [...atOnce, ...later] : atOnce) seen.add(next)
  }
  return seen
}

/** The names that an entry exports by its source. */
export async function exportsOfSource({ source }: Entry): Promise<readonly string[]> {
  const { metafile } = await build({
    entryPoints: [source],
    ...traced,
  })
  return Object.values(metafile.outputs).flatMap(({ exports }) => exports)
}
