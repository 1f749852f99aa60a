import fs from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { unless } from './fs-failure.node.ts'

/** As many symbolic links as Linux follows. */
const mostLinks = 40

/** `EINVAL` is what `readlink` says of something that came to be meanwhile and is no link. */
const absent = 'ENOENT EINVAL'

/**
 * Gives the real path of a file that need not exist: every symbolic link followed, a dangling one too,
 * so that a linked file is replaced where it lies and the link stays a link.
 */
export function resolveTarget(path: string, linksLeft: number = mostLinks): string {
  const target = unless(absent, () => fs.realpathSync.native(path))
  if (target !== undefined) return target
  const parent = unless(absent, () => fs.realpathSync.native(dirname(path)))
  if (parent === undefined) return resolve(path)
  const file = join(parent, basename(path))
  const link = linksLeft > 0 ? unless(absent, () => fs.readlinkSync(file)) : undefined
  return link === undefined ? file : resolveTarget(resolve(parent, link), linksLeft - 1)
}
