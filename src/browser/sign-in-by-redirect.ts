import type { Client, StartOptions } from '../client/client.ts'
import { leaveFor } from '../redirects/page.dom.ts'

/** Begins a sign-in, and sends this page there. */
export async function signInByRedirect(client: Client, options: StartOptions): Promise<undefined> {
  const { url } = await client.start(options)
  leaveFor(url)
  return undefined
}
