import { authFilePath } from '../node/auth-file-path.ts'
import { isSameFile } from '../node/is-same-file.ts'
import { misuse } from './misuse.ts'
import type { World } from './world.ts'

/** Nothing can be moved within one file: its lock is held while the other one's is waited for. */
export function refuseOwnFile(tool: string, path: string, { env }: World): void {
  if (!isSameFile(path, authFilePath({ env }))) return
  throw misuse(`LATCHKEY_AUTH_FILE is the file of ${tool}: whoever is signed in there is signed in here.`)
}
