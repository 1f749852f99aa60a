import type { World } from '../core/world.ts'
import { discreet, inBrowser } from '../core/send.ts'
import { within } from '../core/wait.ts'

/**
 * Whether a server answers at all, be it by a refusal: a request that carries nothing and costs nothing.
 *
 * A browser does not tell a request that never left from one whose answer was lost, and it may believe
 * that it is online when it is not. Nor need it read what another origin does not show it.
 */
export async function reachable({ fetch, clock, timeout }: World, url: string): Promise<boolean> {
  const stop = new AbortController()
  try {
    // Browsers follow whatever they may not look at; workerd throws at what it does not know.
    const asked = fetch(url, {
      method: 'HEAD',
      ...(inBrowser() ? { mode: 'no-cors', ...discreet } : { redirect: 'manual' }),
      signal: stop.signal,
    })
    const response = await within(asked, 'the token endpoint', timeout, clock)
    void response.body?.cancel().catch(() => undefined)
    return true
  } catch {
    return false
  } finally {
    stop.abort()
  }
}
