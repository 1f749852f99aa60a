import { existsSync } from 'node:fs'
import { createContext, runInContext } from 'node:vm'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { readEntries } from '../package/entries.ts'

const portable = readEntries().filter(({ needsNode, source }) => !needsNode && existsSync(source))

/** Bundles for no platform at all, which fails on a `node:` import, into a script. */
async function bundle(input: { readonly file: string } | { readonly text: string }): Promise<string> {
  const { outputFiles } = await build({
    ...('file' in input ? { entryPoints: [input.file] } : { stdin: { contents: input.text, resolveDir: '.' } }),
    bundle: true,
    platform: 'neutral',
    mainFields: ['module', 'main'],
    format: 'iife',
    target: 'es2022',
    write: false,
    logLevel: 'silent',
  })
  return outputFiles.map(({ text }) => text).join('\n')
}

// What is not to be touched before anybody asks for something.
const world = [
  'window document location localStorage sessionStorage indexedDB caches self process Buffer require Deno Bun',
  'fetch setTimeout setInterval queueMicrotask BroadcastChannel Worker console',
].flatMap((names) => names.split(' '))

/** Runs a script in a bare world, and tells which parts of it the script looked at. */
function touched(script: string): readonly string[] {
  const seen = new Set<string>()
  // The language's own names come with a context; these few belong to every runtime, and reading them has no effect.
  const context = createContext({ TextEncoder, TextDecoder, URL, URLSearchParams, Headers, Request, Response, crypto })
  for (const name of world) Object.defineProperty(context, name, { get: () => void seen.add(name) })
  runInContext(script, context, { timeout: 5000 })
  return [...seen]
}

describe('a portable entry', () => {
  it.each(portable)(
    '$subpath is bundled for no platform, and touches nothing when it is imported',
    async ({ source }) => {
      expect(touched(await bundle({ file: source }))).toEqual([])
    },
  )
})

describe('the fence around portable entries', () => {
  it('refuses a node: import', async () => {
    await expect(bundle({ text: "import { readFileSync } from 'node:fs'; readFileSync('')" })).rejects.toThrow(
      'node:fs',
    )
  })

  it('refuses a dependency that needs Node', async () => {
    await expect(bundle({ text: "import lock from 'proper-lockfile'; lock()" })).rejects.toThrow(
      'Could not resolve "fs"',
    )
  })

  it.each(world)('notices that %s is touched', async (name) => {
    expect(touched(await bundle({ text: `globalThis.kept = typeof ${name}` }))).toEqual([name])
  })
})
