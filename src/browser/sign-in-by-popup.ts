import type { SignInResult } from '../client/client.ts'
import type { OpenedClient } from '../client/create-client.ts'
import type { OpenedWindow } from '../redirects/open-window.dom.ts'
import { patience, popupIn } from '../redirects/popup.dom.ts'
import type { PopupSignInOptions } from './browser-client.ts'

/** Signs in by a window that was opened for it, and closes it if that fails. */
export async function signInByPopup(
  { client, config }: OpenedClient,
  opened: OpenedWindow,
  options: PopupSignInOptions,
): Promise<SignInResult> {
  const { signal, timeout: wished, ...wishes } = options
  const timeout = patience(wished, config.transactionTimeout)
  const popup = popupIn(opened)
  let state: string | undefined
  try {
    const begun = await client.start({ ...wishes, ...(signal !== undefined && { signal }) })
    state = begun.state
    const callback = await popup.travel(begun.url, state, { timeout, signal })
    return await client.finish(callback)
  } catch (error) {
    popup.close()
    // Nobody comes back to what was given up.
    if (state !== undefined) void config.transactions.take(state).catch(() => undefined)
    throw error
  }
}
