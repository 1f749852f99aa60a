import { randomUUID } from 'node:crypto'
import { link, mkdir, open, readFile, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { OAuthError } from '../errors.ts'
import { authFilePath } from './auth-file-path.ts'

const uuid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/

/**
 * The UUID of this installation, made at the first call and the same ever after: what Sign in with
 * ChatGPT calls the agent host. It is no secret, and says nothing of the person or the machine.
 *
 * Errors: `store_denied`, `store_corrupt`.
 *
 * @param path Where it rests. @default `installation-id` beside the `auth.json`
 *
 * @example
 * ```ts
 * const provider = chatgpt({ agentName: 'My editor', installation: await installationId() })
 * ```
 */
export async function installationId(path: string = join(dirname(authFilePath()), 'installation-id')): Promise<string> {
  try {
    return (await known(path)) ?? (await create(path))
  } catch (error) {
    if (error instanceof OAuthError) throw error
    throw new OAuthError('store_denied', { where: path, reason: 'it can neither be read nor created' })
  }
}

async function known(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return undefined
  if (uuid.test(text.trim())) return text.trim()
  throw new OAuthError('store_corrupt', { where: path, reason: 'it is no UUID' })
}

/** Of two programs that come first, one wins: the file appears complete, and is never replaced by another's. */
async function create(path: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const id = randomUUID()
  const temporary = `${path}.${id}.tmp`
  const file = await open(temporary, 'wx', 0o600)
  try {
    await file
      .writeFile(id)
      .then(() => file.sync())
      .finally(() => file.close())
    await link(temporary, path)
    return id
  } catch (error) {
    const first = await known(path)
    if (first === undefined) throw error
    return first
  } finally {
    // Also where the disk was full: each attempt would leave another one behind.
    await unlink(temporary)
  }
}
