import { existsSync, readFileSync } from 'node:fs'

/** What the types of a peer would say. They are installed apart, and may be missing when this is compiled. */
export async function loadPeer<Module>(specifier: string): Promise<Module> {
  return (await import(specifier)) as Module
}

/** A peer's name and version, for a row. */
export function named(name: string, what = ''): string {
  const manifest = JSON.parse(readFileSync(packageFile(name), 'utf8')) as { readonly version: string }
  return `${name}@${manifest.version}${what && ` ${what}`}`
}

function packageFile(name: string): URL {
  const own = new URL(`node_modules/${name}/package.json`, import.meta.url)
  return existsSync(own) ? own : new URL(`../../node_modules/${name}/package.json`, import.meta.url)
}
