import { describe, expect, it } from 'vitest'
import manifest from '../../../package.json' with { type: 'json' }

// Entries that say by their place that they need Node.
const needsNode = /\.node\.js$|\/dist\/(node|cli|blocking)\//

const modules = import.meta.glob<Record<string, unknown>>([
  '../../../src/**/*.ts',
  '!**/*.node.ts',
  '!../../../src/{node,cli,blocking}/**',
])

const entries = Object.entries(manifest.exports).flatMap(([subpath, target]) => {
  if (typeof target === 'string' || needsNode.test(target.default)) return []
  const source = target.default.replace('./dist/', '../../../src/').replace(/\.js$/, '.ts')
  const load = modules[source]
  return load === undefined ? [] : [{ subpath, load }]
})

describe('in this runtime', () => {
  it.each(entries)('latchkey$subpath can be imported', async ({ load }) => {
    const names = Object.keys(await load())
    expect(names).not.toEqual([])
    expect(names).not.toContain('default')
  })
})
