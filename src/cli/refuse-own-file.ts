import { authFilePath } from '../node/auth-file-path.ts'
import { resolveTarget } from '../stores/resolve-target.node.ts'
import { misuse } from './misuse.ts'
import type { World } from './world.ts'

/** Nothing can be moved within one file: its lock is held while the other one's is waited for. */
export function refuseOwnFile(tool: string, path: string, { env }: World): void {
  if (resolveTarget(path) !== resolveTarget(authFilePath({ env }))) return
  throw misuse(`LATCHKEY_AUTH_FILE is the file of ${tool}: whoever is signed in there is signed in here.`)
}
