import { setTimeout as sleep } from 'node:timers/promises'
import { isOAuthError, OAuthError } from '../errors.ts'
import { type AuthDocument, authDocument } from './auth-document.ts'
import { errnoOf, fsFailure } from './fs-failure.node.ts'
import { readPrivateFileSync } from './private-file.node.ts'

/** Programs that write in place are done within a moment; what cannot be read for longer is broken. */
const attempts = 10
const pause = 20

/** A text, and what it says. */
export interface AuthFile {
  readonly text: string
  readonly document: AuthDocument
}

/** Reads the file at `path`. */
export type ReadAuthFile = (path: string) => Promise<AuthFile>

/**
 * Makes a reader of an `auth.json`, which reads again for a moment while it is empty or broken off: another
 * program may be writing it. A file that is missing, or stays empty, holds nothing.
 *
 * It reads the whole file each time, and remembers only what the text it found last has said: whether a
 * file has changed, its times do not tell where somebody writes in place.
 *
 * Errors of the reader: `store_corrupt`, `store_denied`.
 */
export function authFileReader(): ReadAuthFile {
  let last: { readonly path: string; readonly file: AuthFile } | undefined
  let known: string | undefined

  function read(path: string): Uint8Array | undefined {
    const seen = known === path
    known = undefined
    try {
      const bytes = readPrivateFileSync(path, seen)
      if (bytes !== undefined) known = path
      return bytes
    } catch (error) {
      // Too many open files, say, is no reason to call the file broken; a failing disk is.
      throw fsFailure(error, path, errnoOf(error) === 'EIO' ? 'store_corrupt' : 'store_denied')
    }
  }

  function understood(path: string, text: string): AuthFile {
    if (last?.path === path && last.file.text === text) return last.file
    const file = { text, document: authDocument(text, path) }
    last = { path, file }
    return file
  }

  return async (path) => {
    for (let attempt = 1; ; attempt += 1) {
      const bytes = read(path)
      try {
        const file = understood(path, bytes === undefined ? '' : decode(bytes, path))
        if (file.text !== '' || bytes === undefined || attempt === attempts) return file
      } catch (error) {
        if (!isOAuthError(error) || attempt === attempts) throw error
      }
      await sleep(pause)
    }
  }
}

let decoder: TextDecoder | undefined

function decode(bytes: Uint8Array, where: string): string {
  decoder ??= new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  try {
    return decoder.decode(bytes)
  } catch {
    throw new OAuthError('store_corrupt', { where, reason: 'it is not UTF-8' })
  }
}
