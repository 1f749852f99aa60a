import { homedir, userInfo } from 'node:os'
import { isAbsolute } from 'node:path'

/** The person's home. An empty `HOME` is none: a path made of it would begin wherever the program was started. */
export function homeFolder(): string {
  const home = homedir()
  return isAbsolute(home) ? home : userInfo().homedir
}
