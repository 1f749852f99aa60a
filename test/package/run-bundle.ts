import { execFileSync } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build as buildByEsbuild } from 'esbuild'
import { build as buildByVite } from 'vite'

/** Makes a folder of scripts out of `entry`. */
type Bundler = (folder: string, entry: string, out: string) => Promise<unknown>

/** Who bundles the package for those who install it. */
export const bundlers: Readonly<Record<string, Bundler>> = {
  esbuild: (absWorkingDir, entry, outdir) =>
    buildByEsbuild({
      absWorkingDir,
      entryPoints: [entry],
      outdir,
      bundle: true,
      splitting: true,
      minify: true,
      format: 'esm',
      platform: 'browser',
      target: 'es2022',
      logLevel: 'error',
    }),
  Vite: (root, entry, outDir) =>
    buildByVite({
      root,
      configFile: false,
      logLevel: 'error',
      // A library is built as a page is, but leaves the exports; nothing is left outside of it.
      build: { outDir, target: 'es2022', minify: true, lib: { entry, formats: ['es'], fileName: 'main' } },
    }),
}

/** Bundles the main job in the folder of somebody who installed the package, and runs what came out, away from it. */
export async function runBundle(folder: string, bundler: Bundler, away: string): Promise<void> {
  writeFileSync(join(folder, 'main.js'), `import { job } from './job.js'\nconsole.log(await job())\n`)
  await bundler(folder, 'main.js', away)
  const script = readdirSync(away).find((name) => name === 'main.js' || name === 'main.mjs')
  if (script === undefined) throw new Error(`The bundle holds ${readdirSync(away).join(', ')}.`)
  const out = execFileSync(process.execPath, [resolve(away, script)], { cwd: away, encoding: 'utf8', timeout: 60_000 })
  if (out.trim() !== 'signed in, refreshed once, signed out') throw new Error(out)
}
