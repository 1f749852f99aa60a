import { readlinkSync, realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { errnoOf } from './fs-failure.node.ts'

/** As many symbolic links as Linux follows. */
const mostLinks = 40

/**
 * Gives the real path of a file that need not exist: every symbolic link followed, a dangling one too,
 * so that a linked file is replaced where it lies and the link stays a link.
 */
export function resolveTarget(path: string, linksLeft: number = mostLinks): string {
  const target = unlessAbsent(() => realpathSync.native(path))
  if (target !== undefined) return target
  const parent = unlessAbsent(() => realpathSync.native(dirname(path)))
  if (parent === undefined) return resolve(path)
  const file = join(parent, basename(path))
  const link = linksLeft > 0 ? unlessAbsent(() => readlinkSync(file)) : undefined
  return link === undefined ? file : resolveTarget(resolve(parent, link), linksLeft - 1)
}

/** A real path, as it was at an instant by `performance.now()`. */
export interface Resolved {
  readonly target: string
  readonly at: number
}

/** The same, for those who have to know how old the answer is. */
export function resolveNow(path: string): Resolved {
  return { at: performance.now(), target: resolveTarget(path) }
}

/** `EINVAL` is what `readlink` says of something that came to be meanwhile and is no link. */
function unlessAbsent<T>(task: () => T): T | undefined {
  try {
    return task()
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'ENOENT' || errno === 'EINVAL') return undefined
    throw error
  }
}
