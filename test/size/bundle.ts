import { build } from 'esbuild'
import type { Metafile, OutputFile, Plugin } from 'esbuild'
import { readEntries } from '../package/entries.ts'
import type { Job } from './jobs.ts'

/** Bundles a job as its author would. */
export async function bundle(
  { file, platform }: Job,
  splitting: boolean,
): Promise<{ readonly metafile: Metafile; readonly outputFiles: OutputFile[] }> {
  return build({
    entryPoints: [new URL(`jobs/${file}`, import.meta.url).pathname],
    bundle: true,
    minify: true,
    splitting,
    platform,
    mainFields: ['module', 'main'],
    format: 'esm',
    target: 'es2022',
    outdir: 'out',
    metafile: true,
    write: false,
    legalComments: 'none',
    external: ['@napi-rs/keyring'],
    plugins: [fromSource],
  })
}

const sources = new Map(readEntries().map(({ subpath, source }) => [subpath.replace('.', 'latchkey'), source]))

/** Takes the package's own subpaths from their sources, which need no build. */
const fromSource: Plugin = {
  name: 'from-source',
  setup({ onResolve }) {
    onResolve({ filter: /^latchkey(\/|$)/ }, ({ path }) => ({ path: `${process.cwd()}/${sources.get(path)}` }))
  },
}
