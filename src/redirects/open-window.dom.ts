import { OAuthError } from '../errors.ts'
import { travelable } from './page.dom.ts'

/** How a window looks, as `window.open` takes it. */
export type WindowFeatures = Readonly<Record<'width' | 'height', number>>

/** A window of our own. */
export interface OpenedWindow {
  readonly window: Window
  /** Sends it somewhere. Errors: `config` for an address that nobody may be sent to. */
  visit(url: URL): void
}

/**
 * Opens an empty window in the middle of the screen. To be called in a click, before anything is waited for.
 *
 * Errors: `popup_blocked`.
 */
export function openWindow({ width, height }: WindowFeatures): OpenedWindow {
  const left = Math.max(0, screenX + (outerWidth - width) / 2)
  const top = Math.max(0, screenY + (outerHeight - height) / 2)
  const window = open('', '_blank', `popup,width=${width},height=${height},left=${left},top=${top}`) ?? undefined
  if (window === undefined) throw new OAuthError('popup_blocked', {})
  return { window, visit: (url) => window.location.replace(travelable(url)) }
}
