import { build } from 'esbuild'
import { readEntries } from '../package/entries.ts'
import { weigh } from './measure.ts'
import type { Weight } from './measure.ts'

/** One subpath of the package, with everything that it could ever load. */
export interface WeighedSubpath {
  readonly subpath: string
  readonly weight: Weight
}

/** Weighs each subpath in one file of its own, nothing of it left out. */
export async function weighSubpaths(): Promise<readonly WeighedSubpath[]> {
  const weighed: WeighedSubpath[] = []
  for (const { subpath, source } of readEntries()) {
    const { outputFiles } = await build({
      entryPoints: [source],
      bundle: true,
      minify: true,
      // It leaves `node:` alone, and takes nothing else for given.
      platform: 'node',
      mainFields: ['module', 'main'],
      format: 'esm',
      target: 'es2022',
      write: false,
      legalComments: 'none',
      external: ['@napi-rs/keyring'],
    })
    weighed.push({ subpath, weight: weigh(outputFiles[0]?.contents ?? new Uint8Array()) })
  }
  return weighed
}
