import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface FreshFolder {
  readonly path: string
  remove(): void
}

/** An empty temporary folder, removed with the process at the latest. */
export function freshFolder(): FreshFolder {
  const path = mkdtempSync(join(tmpdir(), 'latchkey-'))
  const remove = (): void => {
    process.off('exit', remove)
    // A browser that was just killed may still be writing.
    rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
  process.on('exit', remove)
  return { path, remove }
}
