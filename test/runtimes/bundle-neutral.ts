import { build } from 'esbuild'
import type { BuildOptions } from 'esbuild'

/** Bundles a module for a platform that is neither a browser nor Node, such as workerd, and gives its text. */
export async function bundleNeutral(input: Pick<BuildOptions, 'entryPoints' | 'stdin' | 'alias'>): Promise<string> {
  const { outputFiles } = await build({
    ...input,
    bundle: true,
    platform: 'neutral',
    mainFields: ['module', 'main'],
    format: 'esm',
    target: 'es2022',
    write: false,
  })
  return outputFiles.map(({ text }) => text).join('\n')
}
