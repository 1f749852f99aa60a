import { setTimeout as sleep } from 'node:timers/promises'
import { isOAuthError, OAuthError } from '../errors.ts'
import { type AuthDocument, authDocument } from './auth-document.ts'
import { errnoOf, fsFailure } from './fs-failure.node.ts'
import { readPrivateFile } from './private-file.node.ts'

/** Programs that write in place are done within a moment; what cannot be read for longer is broken. */
const attempts = 10
const pause = 20

/**
 * Reads an `auth.json`, and again for a moment while it is empty or broken off: another program may
 * be writing it. A file that is missing, or stays empty, holds nothing.
 *
 * @throws OAuthError `store_corrupt`, `store_denied`
 */
export async function readAuthFile(path: string): Promise<{ readonly text: string; readonly document: AuthDocument }> {
  for (let attempt = 1; ; attempt += 1) {
    const bytes = await read(path)
    try {
      const text = decode(bytes ?? new Uint8Array(), path)
      const document = authDocument(text, path)
      if (text !== '' || bytes === undefined || attempt === attempts) return { text, document }
    } catch (error) {
      if (!isOAuthError(error) || attempt === attempts) throw error
    }
    await sleep(pause)
  }
}

async function read(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readPrivateFile(path)
  } catch (error) {
    // Too many open files, say, is no reason to call the file broken; a failing disk is.
    throw fsFailure(error, path, errnoOf(error) === 'EIO' ? 'store_corrupt' : 'store_denied')
  }
}

function decode(bytes: Uint8Array, where: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new OAuthError('store_corrupt', { where, reason: 'it is not UTF-8' })
  }
}
