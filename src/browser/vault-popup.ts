import type { SignInResult } from '../client/client.ts'
import { openWindow } from '../redirects/open-window.dom.ts'
import { patience, popupIn } from '../redirects/popup.dom.ts'
import type { PopupSignInOptions } from './browser-client.ts'
import type { VaultSession } from './vault-session.ts'

/** How long a person may take, in milliseconds, where nothing else is wished: as long as the vault would wait. */
const usual = 600_000

/** Signs in by a window, whose answer the vault alone can use: it has the code's verifier. */
export async function vaultPopup(session: VaultSession, options: PopupSignInOptions): Promise<SignInResult> {
  const known = session.fallbackAtHand()
  if (known !== undefined) return known.signIn(options)
  const { via: _, width = 480, height = 640, timeout: wished, signal, ...wishes } = options
  const timeout = patience(wished, usual)
  const popup = popupIn(openWindow({ width, height }))
  let state: string | undefined
  try {
    const begun = await session.ask('start', { ...wishes, leaving: false }, signal)
    const { url, state: named } = begun as { readonly url: string; readonly state: string }
    state = named
    const callback = await popup.travel(new URL(url), state, { timeout, signal })
    return (await session.ask('finish', callback.href)) as SignInResult
  } catch (error) {
    popup.close()
    // Nobody comes back to what was given up.
    if (state !== undefined) void session.ask('forget', state).catch(() => undefined)
    throw error
  }
}
