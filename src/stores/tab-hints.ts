/** The events of a page after which what it knows may be old. All of them reach its window. */
const awakenings = ['pageshow', 'visibilitychange', 'online'] as const

/** Tells all watchers of `channel`, in this tab and others, that `key` has changed. Holds no data. */
export function tellTabs(channel: string, key: string): void {
  if (typeof BroadcastChannel === 'undefined') return
  const sender = openChannel(channel)
  sender?.postMessage(key)
  sender?.close()
}

/**
 * Calls `listener` when another tab says that `key` has changed, and when this page may have missed
 * that: it comes back from the back/forward cache, into view, or online.
 *
 * Anybody of this origin can say so, and nobody need be believed: it is a hint to read again.
 */
export function watchTabs(channel: string, key: string, listener: () => void): () => void {
  const page = globalThis as Partial<Pick<typeof globalThis, 'addEventListener' | 'removeEventListener'>>
  let receiver: BroadcastChannel | undefined

  const listen = (): void => {
    receiver ??= openChannel(channel)
    receiver?.addEventListener('message', hear)
  }
  const deafen = (): void => {
    receiver?.close()
    receiver = undefined
  }
  const hear = ({ data }: MessageEvent): void => {
    if (data === key) listener()
  }
  const wake = ({ type }: Event): void => {
    // A page on its way into the cache is told that it is hidden after it was told to go.
    if (type === 'visibilitychange' && isHidden()) return
    listen()
    listener()
  }

  listen()
  for (const name of awakenings) page.addEventListener?.(name, wake)
  // An open channel keeps some browsers from keeping the page.
  page.addEventListener?.('pagehide', deafen)
  return () => {
    deafen()
    for (const name of awakenings) page.removeEventListener?.(name, wake)
    page.removeEventListener?.('pagehide', deafen)
  }
}

function isHidden(): boolean {
  return (
    (globalThis as { readonly document?: { readonly visibilityState?: string } }).document?.visibilityState === 'hidden'
  )
}

function openChannel(name: string): BroadcastChannel | undefined {
  if (typeof BroadcastChannel === 'undefined') return undefined
  try {
    const channel = new BroadcastChannel(name) as BroadcastChannel & { unref?: () => void }
    channel.unref?.()
    return channel
  } catch {
    // An origin without storage has none.
    return undefined
  }
}
