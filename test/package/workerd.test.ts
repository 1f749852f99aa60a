import { Miniflare } from 'miniflare'
import { describe, expect, it } from 'vitest'
import { bundleNeutral } from '../runtimes/bundle-neutral.ts'
import { type Entry, readEntries } from './entries.ts'

const portable = readEntries().filter(({ needsNode }) => !needsNode)

/** Bundles a Worker that answers what `expression` comes to, after evaluating each portable entry. */
function bundle(expression: string): Promise<string> {
  const name = ({ subpath }: Entry): string => `latchkey${subpath.slice(1)}`
  const imports = portable.map((entry, index) => `import * as entry${index} from '${name(entry)}'`)
  const entries = portable.map((_, index) => `entry${index}`)
  return bundleNeutral({
    stdin: {
      resolveDir: '.',
      contents: `${imports.join('\n')}
        import { job } from './test/package/job.ts'
        const entries = [${entries.join()}]
        export default { async fetch() { return Response.json(await (${expression})) } }`,
    },
    // The front door last: the shorter name would also match the longer ones.
    alias: Object.fromEntries(portable.map((entry) => [name(entry), `./${entry.source}`])),
  })
}

/** Runs a Worker as Cloudflare does when nobody asks for Node's names. */
async function answerOf(script: string): Promise<unknown> {
  const miniflare = new Miniflare({ modules: true, script, compatibilityDate: '2026-07-30', cf: false })
  try {
    const response = await miniflare.dispatchFetch('http://worker/')
    if (!response.ok) throw new Error(await response.text())
    return await response.json()
  } finally {
    await miniflare.dispose()
  }
}

describe('a Worker without nodejs_compat', () => {
  it('knows no name of Node', async () => {
    expect(await answerOf(await bundle('[typeof process, typeof Buffer]'))).toEqual(
      Array.from({ length: 2 }, () => 'undefined'),
    )
  })

  it('evaluates every portable entry', async () => {
    const counts = (await answerOf(await bundle('entries.map((entry) => Object.keys(entry).length)'))) as number[]
    expect(counts).toHaveLength(portable.length)
    expect(Math.min(...counts)).toBeGreaterThan(0)
  })

  it('signs in, refreshes once and signs out', async () => {
    expect(await answerOf(await bundle('job()'))).toBe('signed in, refreshed once, signed out')
  })

  it('fails where something of Node is used', async () => {
    await expect(answerOf(await bundle("Buffer.from('')"))).rejects.toThrow('Buffer is not defined')
  })
})
