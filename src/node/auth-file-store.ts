import type { Store } from '../contracts.ts'
import { fileStore } from '../stores/file.node.ts'
import { authFilePath } from './auth-file-path.ts'
import type { AuthFilePathOptions } from './auth-file-path.ts'

/** The store that is used when nothing else is said: the file that `authFilePath` names. */
export function authFileStore(options: AuthFilePathOptions = {}): Store {
  return fileStore({ path: authFilePath(options) })
}
