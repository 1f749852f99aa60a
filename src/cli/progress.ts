import { Writable } from 'node:stream'
import type { Screen, World } from './world.ts'

/** A line that shows that something is being waited for. */
export interface Progress {
  /** Where others write meanwhile. */
  readonly output: Screen
  stop(): void
}

/** Shows, on a terminal, for how long has been waited. Elsewhere nothing moves. */
export function progress({ err }: World, what: string): Progress {
  if (err.isTTY !== true) return { output: err, stop: () => undefined }
  const since = performance.now()
  let shown = false
  const clear = (): void => {
    if (shown) err.write('\r\u001b[K')
    shown = false
  }
  const timer = setInterval(() => {
    clear()
    err.write(`${what} ${Math.round((performance.now() - since) / 1000)} s, Ctrl-C stops`)
    shown = true
  }, 1_000)
  timer.unref()
  const output = new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      clear()
      err.write(chunk, done)
    },
  })
  return {
    output,
    stop() {
      clearInterval(timer)
      clear()
    },
  }
}
