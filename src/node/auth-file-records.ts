import { resolve } from 'node:path'
import type { Store } from '../contracts.ts'
import { authFileReader } from '../stores/read-auth-file.node.ts'
import { authFilePath } from './auth-file-path.ts'
import type { AuthFilePathOptions } from './auth-file-path.ts'

/** What `authFileStore` reads, for those who only look: without the lock, and what a lock needs is not loaded. */
export function authFileRecords(options: AuthFilePathOptions = {}): Pick<Store, 'get' | 'keys'> {
  const path = resolve(authFilePath(options))
  const read = authFileReader()
  return {
    get: async (key) => (await read(path)).document.get(key),
    keys: async () => (await read(path)).document.keys(),
  }
}
