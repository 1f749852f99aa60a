import { configError, OAuthError } from '../errors.ts'
import type { OpenedWindow } from './open-window.dom.ts'
import { popupChannel, type PopupMessage, readPopupMessage, received } from './popup-message.dom.ts'

/** A window that was opened for a sign-in, still empty. */
export interface Popup {
  /** Sends it on its way, and waits for the callback with this `state`. */
  travel(url: URL, state: string, wait: PopupWait): Promise<URL>
  close(): void
}

/** How long a person may take. */
export interface PopupWait {
  /** Milliseconds. */
  readonly timeout: number
  readonly signal?: AbortSignal | undefined
}

/** How long a person may take. Errors: `config` for what no timer keeps: it would be over at once. */
export function patience(wished: number | undefined, otherwise: number): number {
  if (wished === undefined) return otherwise
  if (wished >= 1 && wished <= 0x7fff_ffff) return wished
  throw configError('timeout must be a number of milliseconds between 1 and 2147483647.')
}

/** How often a closed window is looked for, in milliseconds. */
const glance = 250

/**
 * How long after the window looks closed its answer may still come, in milliseconds: it may be on its way,
 * or the window may only have been cut off from us.
 */
const grace = 3000

/** Makes a window that is still empty ready for a sign-in. */
export function popupIn({ window, visit }: OpenedWindow): Popup {
  return {
    async travel(url, state, wait) {
      visit(url)
      return listen(window, state, wait)
    },
    close: () => window.close(),
  }
}

/**
 * Waits for the answer by the two ways that it can come, of which servers with
 * `Cross-Origin-Opener-Policy` cut one, and browsers that partition storage the other.
 */
function listen(popup: Window, state: string, { timeout, signal }: PopupWait): Promise<URL> {
  return new Promise((resolve, reject) => {
    const channel = popupChannel(state)
    const stop = new AbortController()
    const until = { signal: stop.signal }
    const fail = (error: OAuthError): void => {
      end()
      reject(error)
    }
    const hear = (message: PopupMessage | undefined): void => {
      if (message?.type !== 'callback' || message.url.searchParams.get('state') !== state) return
      channel?.postMessage(received)
      end()
      resolve(message.url)
    }
    const end = (): void => {
      stop.abort()
      clearInterval(looks)
      clearTimeout(limit)
      channel?.close()
      popup.close()
    }
    const looks = setInterval(
      gone(popup, () => fail(new OAuthError('popup_closed', {}))),
      glance,
    )
    const limit = setTimeout(() => fail(new OAuthError('timeout', { what: 'the sign-in', after: timeout })), timeout)
    channel?.addEventListener('message', ({ data }) => hear(readPopupMessage(data)))
    const hearWindow = ({ origin, source, data }: MessageEvent): void => {
      if (origin === location.origin && source === popup) hear(readPopupMessage(data))
    }
    addEventListener('message', hearWindow, until)
    signal?.addEventListener('abort', () => fail(new OAuthError('aborted', {})), until)
    if (signal?.aborted === true) fail(new OAuthError('aborted', {}))
  })
}

/**
 * Calls `report` once the window has looked closed for the time of grace while the person was back here.
 * One that was only cut off looks closed too, but then the person is elsewhere.
 */
function gone(popup: Window, report: () => void): () => void {
  let since: number | undefined
  return () => {
    if (!popup.closed || !document.hasFocus()) since = undefined
    else if (performance.now() - (since ??= performance.now()) >= grace) report()
  }
}
