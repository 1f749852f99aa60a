/** What a sign-in window and the page that opened it say to each other. */
export type PopupMessage = { readonly type: 'callback'; readonly url: URL } | { readonly type: 'received' }

/** What is sent to confirm a callback. */
export const received = { type: 'latchkey:received' } as const

/** Reads what anybody may have sent. */
export function readPopupMessage(data: unknown): PopupMessage | undefined {
  if (typeof data !== 'object' || data === null || !('type' in data)) return undefined
  if (data.type === received.type) return { type: 'received' }
  if (data.type !== 'latchkey:callback' || !('href' in data) || typeof data.href !== 'string') return undefined
  try {
    return { type: 'callback', url: new URL(data.href) }
  } catch {
    return undefined
  }
}

/** The channel of one sign-in: who does not know its `state` can neither hear nor speak. */
export function popupChannel(state: string): BroadcastChannel | undefined {
  try {
    return new BroadcastChannel(`latchkey:popup:${state}`)
  } catch {
    return undefined
  }
}
