import { quietly } from '../client/quietly.ts'
import { webLocks } from '../stores/web-lock.ts'

/** Takes a lock of this name for as long as this realm lives. Gives what names it, once it is held. */
export function forLife(name: string): () => string | undefined {
  let life: string | undefined
  const granted = (): Promise<never> => {
    life = name
    return new Promise(() => undefined)
  }
  webLocks()
    ?.request(name, granted)
    .catch(() => undefined)
  return () => life
}

/**
 * Acts when nobody holds a lock of this name any more, unless `signal` aborts before: a port does not tell
 * whether anybody is at its other end; a lock does.
 */
export function whenFree(name: string | undefined, act: () => void, signal?: AbortSignal): void {
  if (name === undefined) return
  webLocks()
    ?.request(name, { mode: 'shared', ...(signal && { signal }) }, quietly(act))
    .catch(() => undefined)
}
