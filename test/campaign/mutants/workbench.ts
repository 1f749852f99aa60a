import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import type { Mutant } from './mutant.ts'

/** A copy of the repository, in which faults are planted one after the other. */
export interface Workbench {
  readonly folder: string
  /** Runs `task` while the fault is there. */
  withFault<T>(mutant: Mutant, task: () => Promise<T>): Promise<T>
}

const copied = ['src', 'test', 'package.json', 'tsconfig.json', 'vitest.config.ts']
const left = ['node_modules', 'nodes', '.tmp']

/** Copies what tests need to `folder`. */
export async function openWorkbench(folder: string): Promise<Workbench> {
  await mkdir(folder, { recursive: true })
  for (const name of copied) {
    await cp(name, join(folder, name), { recursive: true, filter: (path) => !left.includes(basename(path)) })
  }
  await symlink(resolve('node_modules'), join(folder, 'node_modules'))
  return {
    folder,
    async withFault(mutant, task) {
      const path = join(folder, mutant.file)
      const sound = await readFile(path, 'utf8')
      // A function, because `$&` and the like would be special in a replacement string.
      await writeFile(
        path,
        sound.replace(mutant.find, () => mutant.replace),
      )
      try {
        return await task()
      } finally {
        await writeFile(path, sound)
      }
    },
  }
}

/** Why a mutant cannot be planted any more, if it cannot. */
export async function misfit({ file, find, replace }: Mutant): Promise<string | undefined> {
  const source = await readFile(file, 'utf8').catch(() => undefined)
  if (source === undefined) return `there is no ${file}`
  const places = source.split(find).length - 1
  if (places !== 1) return `its text is in ${file} ${places} times`
  return find === replace ? 'it changes nothing' : undefined
}
