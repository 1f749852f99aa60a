import { access, constants, mkdtemp, rmdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isOAuthError } from '../errors.ts'
import { fileStore } from '../node/index.ts'
import { lockHolder } from '../node/lock-holder.ts'
import { readMembers } from '../node/read-tool-record.ts'
import type { Finding } from './finding.ts'

/** Whether tokens can be read and written, by nobody else, and whether somebody left the lock behind. */
export async function checkStore(path: string, platform: string): Promise<readonly Finding[]> {
  const readable = await unreadable(path)
  if (readable !== undefined) return [readable]
  return [...(await unwritable(path)), ...(await tooOpen(path, platform)), ...(await staleLock(path))]
}

async function unreadable(path: string): Promise<Finding | undefined> {
  try {
    const store = fileStore({ path })
    await store.keys()
    // A list of accounts leaves out what is malformed; whoever names it is refused.
    const members = await readMembers(path).catch(() => undefined)
    const entries = Object.entries(members ?? {}).filter(([, entry]) => Object(entry) === entry)
    for (const [key] of entries) await store.get(key)
    return undefined
  } catch (error) {
    if (!isOAuthError(error) || (error.code !== 'store_corrupt' && error.code !== 'store_denied')) throw error
    return { fix: error.code, what: error.message }
  }
}

/** A file is replaced by another in its folder, which for a new person may not exist yet. */
async function unwritable(path: string): Promise<readonly Finding[]> {
  const locked = (await exists(path)) && !(await succeeds(access(path, constants.W_OK)))
  let folder = dirname(path)
  while (!(await exists(folder)) && dirname(folder) !== folder) folder = dirname(folder)
  const closed = !(await succeeds(tryWriting(folder)))
  return [
    ...(locked ? [{ fix: 'store_denied' as const, what: `${path} may not be written.` }] : []),
    ...(closed ? [{ fix: 'store_denied' as const, what: `Nothing can be written in ${folder}.` }] : []),
  ]
}

/** Permissions do not tell of disks that are full or read-only. */
async function tryWriting(folder: string): Promise<void> {
  await rmdir(await mkdtemp(join(folder, '.latchkey-')))
}

async function tooOpen(path: string, platform: string): Promise<readonly Finding[]> {
  if (platform === 'win32' || !(await exists(path))) return []
  const mode = async (place: string): Promise<number> => (await stat(place)).mode & 0o777
  const [file, folder] = [await mode(path), await mode(dirname(path))]
  if ((file & 0o077) !== 0) return [{ fix: 'store_open', what: `Others may use ${path} (mode ${file.toString(8)}).` }]
  // To read a folder is harmless; who may write in it may put another file in the place of ours.
  if ((folder & 0o022) === 0) return []
  return [{ fix: 'store_open', what: `Others may write in ${dirname(path)} (mode ${folder.toString(8)}).` }]
}

async function staleLock(path: string): Promise<readonly Finding[]> {
  const holder = await lockHolder(path)
  if (holder === undefined || !holder.gone) return []
  return [{ fix: 'lock_stale', what: `${holder.path} was left behind by ${holder.name}.` }]
}

function exists(path: string): Promise<boolean> {
  return succeeds(access(path, constants.F_OK))
}

function succeeds(attempt: Promise<unknown>): Promise<boolean> {
  return attempt.then(
    () => true,
    () => false,
  )
}
