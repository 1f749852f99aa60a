import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { readEntries } from './entries.ts'

interface JsrConfig {
  readonly version: string
  readonly exports: Readonly<Record<string, string>>
}

/** Asks Deno whether JSR would take the sources, and holds their names against package.json. Throws what is wrong. */
export function checkJsr(): void {
  const config = JSON.parse(readFileSync('jsr.json', 'utf8')) as JsrConfig
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly version: string }
  const wanted = Object.fromEntries(readEntries().map(({ subpath, source }) => [subpath, `./${source}`]))
  if (config.version !== version)
    throw new Error(`jsr.json is of version ${config.version}, package.json of ${version}.`)
  if (JSON.stringify(config.exports) !== JSON.stringify(wanted)) {
    throw new Error(`jsr.json must export ${JSON.stringify(wanted, undefined, 2)}`)
  }
  // The types are checked by our compiler, with each room's own library. Deno still refuses what it would have to infer.
  const words = ['publish', '--dry-run', '--allow-dirty', '--no-check', '--quiet']
  execFileSync(resolve('node_modules/.bin/deno'), words, { stdio: 'pipe', timeout: 60_000 })
}
