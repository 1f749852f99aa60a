import { accessSync, constants, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The path of the first of `names` that is on the PATH, or in a folder where Debian hides it. */
export function findProgram(...names: readonly string[]): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...hiddenFolders()]
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable)
}

// MiniBrowser is not on the PATH; its folder names the machine: /usr/lib/x86_64-linux-gnu/webkit2gtk-4.1.
function hiddenFolders(): readonly string[] {
  return list('/usr/lib')
    .filter((name) => name.endsWith('-linux-gnu'))
    .flatMap((machine) => ['webkit2gtk-4.1', 'webkit2gtk-4.0'].map((name) => join('/usr/lib', machine, name)))
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
