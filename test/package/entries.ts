import { readFileSync } from 'node:fs'

/** One subpath of the package, and where it comes from. */
export interface Entry {
  /** `'.'`, `'./core'`, … */
  readonly subpath: string
  /** `'src/core/index.ts'`. */
  readonly source: string
  /** `'dist/core/index.js'`. */
  readonly built: string
  readonly types: string
  /** Whether it needs `node:` modules; its place in the house says so. */
  readonly needsNode: boolean
}

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>
}

/** The entries that `exports` in package.json names, without package.json itself. */
export function readEntries(): readonly Entry[] {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest
  return Object.entries(exports).flatMap(([subpath, target]) => {
    if (typeof target === 'string') return []
    const source = target.default.replace('./dist/', 'src/').replace(/\.js$/, '.ts')
    const needsNode = /\.node\.ts$|^src\/(node|cli|blocking)\//.test(source)
    return [{ subpath, source, needsNode, built: target.default.slice(2), types: target.types.slice(2) }]
  })
}
