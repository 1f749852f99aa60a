import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

/** Installs what a folder's lockfile says, unless that is there already. */
export function installFolder(folder: string): void {
  if (isInstalled(folder)) return
  const options = { cwd: folder, stdio: 'pipe', timeout: 300_000 } as const
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], options)
}

/** What npm wrote down when it installed names each package that the lockfile requires. */
function isInstalled(folder: string): boolean {
  const written = `${folder}/node_modules/.package-lock.json`
  if (!existsSync(written)) return false
  const installed = packagesOf(written)
  const wanted = Object.entries(packagesOf(`${folder}/package-lock.json`))
  return wanted.every(([path, { version, optional }]) => {
    return path === '' || optional === true || installed[path]?.version === version
  })
}

interface Locked {
  readonly version?: string
  readonly optional?: boolean
}

function packagesOf(lockfile: string): Readonly<Record<string, Locked>> {
  return (JSON.parse(readFileSync(lockfile, 'utf8')) as { readonly packages: Readonly<Record<string, Locked>> })
    .packages
}
