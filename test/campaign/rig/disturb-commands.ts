import { execFile } from 'node:child_process'
import { open, unlink } from 'node:fs/promises'
import process from 'node:process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** What happens to the machine around a process. */
export const disturbCommands = {
  umask: (mask: number): number => process.umask(mask),
  /** In a mount namespace of our own: a small disk. */
  mount: async (order: { readonly path: string; readonly size: string }): Promise<void> =>
    void (await run('mount', ['-t', 'tmpfs', '-o', `size=${order.size},mode=700`, 'tmpfs', order.path])),
  remount: async (order: { readonly path: string; readonly how: 'ro' | 'rw' }): Promise<void> =>
    void (await run('mount', ['-o', `remount,${order.how}`, order.path])),
  /** Writes until nothing fits any more. Gives how much did. */
  async fill(path: string): Promise<number> {
    const handle = await open(path, 'w')
    let bytes = 0
    try {
      for (; bytes < 2 ** 24; bytes += 512) await handle.write(new Uint8Array(512))
    } catch {
      // That is what we wanted.
    }
    await handle.close()
    return bytes
  },
  remove: (path: string): Promise<void> => unlink(path),
  async read(path: string): Promise<string> {
    const handle = await open(path, 'r')
    const text = await handle.readFile('utf8')
    await handle.close()
    return text
  },
}
