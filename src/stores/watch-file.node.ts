import fs from 'node:fs'
import { dirname, join } from 'node:path'
import type { StoredRecord } from '../contracts.ts'
import { ifPossible } from './fs-failure.node.ts'
import { resolveTarget } from './resolve-target.node.ts'

/** One write is several events. */
const quiet = 50

/**
 * Calls `listener` when what `read` gives has changed with the file. As good as the system's file
 * events are: none from some network file systems.
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
  let last: string | undefined
  // What cannot be read now is read at the next event.
  const look = (): Promise<string | undefined> =>
    read().then(
      (record) => JSON.stringify(record) ?? '',
      () => undefined,
    )
  const compare = async (): Promise<void> => {
    const now = await look()
    const changed = now !== undefined && now !== last
    last = now ?? last
    if (changed && !ended.signal.aborted) listener()
  }

  void (async () => {
    last = await look()
    const changed = (): void => {
      // Whoever waits for this needs it now; and the last of several writes is seen too.
      void compare()
      clearTimeout(timer)
      timer = setTimeout(() => void compare(), quiet)
      timer.unref()
    }
    ifPossible(() => watchFolder(path, changed, ended.signal))
    await compare()
  })()

  return () => {
    ended.abort()
    clearTimeout(timer)
  }
}

/** Watches the folder of a file; while there is none, the nearest one that is there. */
function watchFolder(path: string, changed: () => void, signal: AbortSignal): void {
  if (signal.aborted) return
  const target = resolveTarget(path)
  const folder = nearest(dirname(target))
  const watcher = fs.watch(folder, { persistent: false, signal }, (_event, name) => {
    // Deno hears not `persistent` but `unref`, and forgets it with each event.
    setTimeout(() => watcher.unref(), 0)
    if (name === null || join(folder, name) === target) changed()
    else if (nearest(dirname(target)) !== folder) move()
  })
  const move = (): void => {
    watcher.close()
    ifPossible(() => watchFolder(path, changed, signal))
    changed()
  }
  watcher.unref()
  watcher.on('error', () => watcher.close())
  // It came, or went, before anybody watched.
  if (nearest(dirname(target)) !== folder) move()
}

/** The folder, or the nearest above it that exists. */
function nearest(folder: string): string {
  const above = dirname(folder)
  return above === folder || fs.existsSync(folder) ? folder : nearest(above)
}
