import type { SignInResult } from '../client/client.ts'
import type { OpenedClient } from '../client/create-client.ts'
import { openPopup } from '../redirects/popup.dom.ts'
import type { PopupSignInOptions } from './browser-client.ts'

/** Signs in by a window, which is opened before anything is waited for: browsers open none later. */
export async function signInByPopup(
  { client, config }: OpenedClient,
  options: PopupSignInOptions,
): Promise<SignInResult> {
  const { width = 480, height = 640, timeout = config.transactionTimeout, signal, ...wishes } = options
  const popup = openPopup({ width, height })
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
