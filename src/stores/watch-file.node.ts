import fs from 'node:fs'
import { basename, dirname } from 'node:path'
import type { StoredRecord } from '../contracts.ts'
import { resolveTarget } from './resolve-target.node.ts'

/** One write is several events. */
const quiet = 50

/**
 * Calls `listener` when what `read` gives has changed with the file. As good as the system's file
 * events are: none from some network file systems, none while the directory does not exist.
 *
 * @returns Ends it. It keeps no process alive.
 */
export function watchFile(
  path: string,
  read: () => Promise<StoredRecord | undefined>,
  listener: () => void,
): () => void {
  const ended = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  // What cannot be read now is read at the next event.
  const look = (): Promise<string | undefined> =>
    read().then(
      (record) => JSON.stringify(record) ?? '',
      () => undefined,
    )

  void (async () => {
    const target = resolveTarget(path)
    let last = await look()
    if (ended.signal.aborted) return
    const compare = async (): Promise<void> => {
      const now = await look()
      const changed = now !== undefined && now !== last
      last = now ?? last
      if (changed && !ended.signal.aborted) listener()
    }
    const options = { persistent: false, signal: ended.signal }
    const watcher = fs.watch(dirname(target), options, (_event, name) => {
      // Deno hears not `persistent` but `unref`, and forgets it with each event.
      setTimeout(() => watcher.unref(), 0)
      if (name !== null && name !== basename(target)) return
      // Whoever waits for this needs it now; and the last of several writes is seen too.
      void compare()
      clearTimeout(timer)
      timer = setTimeout(() => void compare(), quiet)
      timer.unref()
    })
    watcher.unref()
    watcher.on('error', () => watcher.close())
    await compare()
  })().catch(() => undefined)

  return () => {
    ended.abort()
    clearTimeout(timer)
  }
}
