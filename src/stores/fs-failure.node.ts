import { type OAuthError as Failure, isOAuthError, OAuthError } from '../errors.ts'

/** What an operating system's error code means, in a few words. */
const words: Readonly<Record<string, string>> = {
  EACCES: 'no permission',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
  ENOTCAPABLE: 'the runtime was not given permission',
  ELOOP: 'too many symbolic links',
  ENOTDIR: 'a part of the path is not a directory',
  EISDIR: 'it is a directory',
  ENAMETOOLONG: 'the name is too long',
  ENOENT: 'it does not exist',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is used up',
  EIO: 'the disk failed',
  EMFILE: 'too many open files',
  ENFILE: 'too many open files',
  EBUSY: 'it is in use, or mounted by itself',
}

const denials = ['EACCES', 'EPERM', 'EROFS', 'ENOTCAPABLE', 'ELOOP', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG']

/** The system's code of `error`, for example `ENOENT`. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  if ('code' in error && typeof error.code === 'string') return error.code
  // Deno's own refusal carries a name and no code.
  return 'name' in error && error.name === 'NotCapable' ? 'ENOTCAPABLE' : undefined
}

/** What `task` gives; `undefined` when it fails with one of `errnos`. */
export function unless<T>(errnos: string, task: () => T): T | undefined {
  try {
    return task()
  } catch (error) {
    if (errnos.includes(errnoOf(error) ?? 'none')) return undefined
    throw error
  }
}

/** What `task` gives, if it can be done. */
export function ifPossible<T>(task: () => T): T | undefined {
  try {
    return task()
  } catch {
    return undefined
  }
}

/**
 * Makes a file system's error ours: `store_denied` for what asks for somebody to change something,
 * otherwise `otherwise`. An `OAuthError` passes as it is, and so does what no file system threw.
 */
export function fsFailure(
  error: unknown,
  where: string,
  otherwise: 'store_corrupt' | 'store_denied' | 'persist_failed',
): unknown {
  const errno = errnoOf(error)
  if (isOAuthError(error) || errno === undefined) return error
  const reason = words[errno] === undefined ? errno : `${errno}, ${words[errno]}`
  const detail = { where, reason }
  return new OAuthError(denials.includes(errno) ? 'store_denied' : otherwise, detail, {
    cause: error,
  }) satisfies Failure
}
