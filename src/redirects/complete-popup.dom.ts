import { OAuthError } from '../errors.ts'
import { takeCallback } from './page.dom.ts'
import { popupChannel, readPopupMessage } from './popup-message.dom.ts'

/** How long whoever waits for the answer may take to confirm it, in milliseconds. */
const patience = 3000

/**
 * Hands the callback in this page's address to the page that opened this window, and closes the window. The
 * whole of the page at the redirect URI of sign-ins with `via: 'popup'`.
 *
 * It goes to pages of this origin only, and reveals itself to nobody who did not begin this sign-in.
 * What is in the address decides nothing but what is handed over.
 *
 * Errors: `invalid_callback` (this page was not called by an authorization server), `transaction_missing`
 * (nobody is waiting: the page that opened the window is gone, or has given up). Tell the person to close the window.
 *
 * @example
 * ```html
 * <script type="module">
 *   import { completePopup } from 'latchkey/browser'
 *   await completePopup()
 * </script>
 * ```
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9700#section-4.17 RFC 9700, section 4.17}
 */
export function completePopup(): Promise<void> {
  return (relay ??= handOver())
}

/** Frameworks may ask twice, and the address is taken but once. */
let relay: Promise<void> | undefined

async function handOver(): Promise<void> {
  const callback = takeCallback(undefined)
  const state = callback?.searchParams.get('state') ?? undefined
  if (callback === undefined || state === undefined) {
    throw new OAuthError('invalid_callback', { reason: 'this page carries none.' })
  }
  const message = { type: 'latchkey:callback', href: callback.href }
  const channel = popupChannel(state)
  try {
    const confirmed = confirmation(channel)
    channel?.postMessage(message)
    const opener = globalThis.opener as Window | null
    // Pages of another origin, if one has taken the opener's place, are sent nothing.
    opener?.postMessage(message, location.origin)
    if (!(await confirmed)) throw new OAuthError('transaction_missing', {})
  } finally {
    channel?.close()
  }
  close()
}

/** Whether somebody says that they have the answer. A window that is closed by them never learns it. */
function confirmation(channel: BroadcastChannel | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    const limit = setTimeout(() => resolve(false), patience)
    channel?.addEventListener('message', ({ data }) => {
      if (readPopupMessage(data)?.type !== 'received') return
      clearTimeout(limit)
      resolve(true)
    })
  })
}
