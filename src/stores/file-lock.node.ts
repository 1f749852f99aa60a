import fs from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isOAuthError } from '../errors.ts'
import { type DirectoryLock, lockDirectory } from './directory-lock.node.ts'
import { errnoOf, fsFailure, ifPossible } from './fs-failure.node.ts'
import { type LockWait, nextTurn } from './lock-wait.node.ts'
import { removeLeftovers } from './private-file.node.ts'
import { resolveTarget } from './resolve-target.node.ts'

/** The lock of a file, and the file itself behind all links. */
export interface FileLock extends DirectoryLock {
  readonly target: string
}

/**
 * Locks a file under every name that Pi locks it by: newer versions use the real path, older ones the
 * path as given. They differ when the file is a symbolic link; then both are taken, the real one first,
 * so that nobody waits in a circle.
 *
 * @throws OAuthError `lock_timeout`, `aborted`, `store_denied`, `persist_failed`
 */
export async function lockFile(path: string, wait: LockWait): Promise<FileLock> {
  try {
    for (;;) {
      const target = resolveTarget(path)
      const lock = await lockBoth(target, path, wait)
      // The link may have been turned while we waited.
      if (ifPossible(() => resolveTarget(path)) === target) {
        if (lock.inherited) ifPossible(() => removeLeftovers(target))
        return { ...lock, target }
      }
      lock.release()
      await nextTurn(2, wait)
    }
  } catch (error) {
    throw fsFailure(error, `${path}.lock`, 'persist_failed')
  }
}

async function lockBoth(target: string, path: string, wait: LockWait): Promise<DirectoryLock> {
  const real = await lockPresent(`${target}.lock`, wait)
  if (path === target) return real
  try {
    const alias = join(fs.realpathSync.native(dirname(path)), basename(path))
    return alias === target ? real : both(real, await lockAlias(`${alias}.lock`, wait))
  } catch (error) {
    real.release()
    throw error
  }
}

/** Makes the directory when it is missing: the first sign-in of a new person. */
async function lockPresent(path: string, wait: LockWait): Promise<DirectoryLock> {
  try {
    return await lockDirectory(path, wait)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    return lockDirectory(path, wait)
  }
}

/** Where we may not make a lock directory beside the link, nobody of this person's may. */
async function lockAlias(path: string, wait: LockWait): Promise<DirectoryLock | undefined> {
  try {
    return await lockDirectory(path, wait)
  } catch (error) {
    if (isOAuthError(error) || !['EACCES', 'EPERM', 'EROFS'].includes(errnoOf(error) ?? '')) throw error
    return undefined
  }
}

function both(real: DirectoryLock, alias: DirectoryLock | undefined): DirectoryLock {
  if (alias === undefined) return real
  return {
    inherited: real.inherited || alias.inherited,
    stillHeld: () => real.stillHeld() && alias.stillHeld(),
    release: () => {
      alias.release()
      real.release()
    },
  }
}
